import { PostlogError, type TopicSpec } from '@postlog/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { checkNames } from '../known-names.js';
import { milliseconds, type Duration } from './duration.js';

/** Records of one key stay in one partition, in order; null is no key. */
export type RecordKey = string | Uint8Array | null;

/** How values travel. */
export type Format = 'json' | 'text' | 'bytes';

export interface TopicOptions<Sent, Received = Sent> {
  /** How many partitions the topic is created with [1]. */
  readonly partitions?: number;
  /** How many brokers of a cluster hold it [3, or as many as there are]. */
  readonly replicationFactor?: number;
  /** The key of a value, unless `send` is given another [none]. */
  readonly key?: (value: Sent) => RecordKey;
  /** How long records are kept: milliseconds, `'7d'`, or `'forever'` [7 days]. */
  readonly retention?: Duration | 'forever';
  /** Other settings of the topic by Kafka's names: `{ 'min.insync.replicas': '2' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * Any Standard Schema (zod, valibot, arktype, …) of the JSON that travels. `send` checks the value and sends it as it is; handlers
   * get what the schema makes of it, defaults and conversions included.
   */
  readonly schema?: StandardSchemaV1<Sent, Received>;
  /**
   * How values travel [`'json'`]; with `'text'` handlers get strings, with `'bytes'` Buffers. A record that is no JSON where it should be cannot be
   * handled: it goes to `onExhausted` at once. Null is a tombstone in each.
   */
  readonly format?: Format;
  /**
   * Refuses to publish without a transaction [the module's `requireTx`]: an event of this kind belongs to a change in the database, and who forgets
   * `tx` is told at the first `send`.
   */
  readonly requireTx?: boolean;
  /** Whether handlers' records are checked too [`true`]; `false` trusts whoever sent them. */
  readonly checkOnReceive?: boolean;
}

/** A topic as services share it: its name, its shape and the type of its values. Made by `defineTopic`. */
export interface Topic<Sent, Received = Sent> {
  readonly name: string;
  readonly spec: Omit<TopicSpec, 'topic'>;
  readonly keyOf: ((value: Sent) => RecordKey) | undefined;
  readonly schema: StandardSchemaV1<unknown, Received> | undefined;
  readonly checkOnReceive: boolean;
  readonly format: Format;
  readonly requireTx: boolean | undefined;
}

/** Any topic, whatever its values are. */
export type AnyTopic = Topic<never, unknown>;

/** What handlers of a topic get: `PayloadOf<typeof OrdersPlaced>`. */
export type PayloadOf<T extends AnyTopic> = T extends Topic<never, infer Received> ? Received : never;

const KNOWN = [
  'partitions',
  'replicationFactor',
  'key',
  'retention',
  'settings',
  'schema',
  'format',
  'requireTx',
  'checkOnReceive',
];
const FORMATS: readonly string[] = ['json', 'text', 'bytes'] satisfies Format[];

/**
 * Declares a topic in a place that its senders and receivers share. The types come from the schema, or are given.
 *
 * @example
 * export const OrdersPlaced = defineTopic<OrderPlaced>('orders.placed', {
 *   partitions: 6,
 *   key: (order) => order.orderId,
 *   retention: '7d',
 * });
 * @throws PostlogError `INVALID_CONFIG`, naming the option
 */
export function defineTopic<Sent, Received = Sent>(
  name: string,
  options: TopicOptions<Sent, Received> = {},
): Topic<Sent, Received> {
  const what = `defineTopic('${name}')`;
  checkNames(options, KNOWN, what);
  const { schema, key: keyOf, format = 'json', requireTx, checkOnReceive = true } = options;
  if (!FORMATS.includes(format))
    throw new PostlogError(
      'INVALID_CONFIG',
      `format of ${what} is ${JSON.stringify(format)}; give one of ${FORMATS.join(', ')}.`,
    );
  if (schema !== undefined && typeof schema['~standard']?.validate !== 'function') {
    throw new PostlogError(
      'INVALID_CONFIG',
      `the schema of ${what} is no Standard Schema; give one of zod 3.24, valibot 1, arktype 2 or later.`,
    );
  }
  return Object.freeze({ name, spec: specOf(options, what), keyOf, schema, format, requireTx, checkOnReceive });
}

/** Whether a topic is given as a contract, and not as a name or a pattern. */
export function isTopic<T extends AnyTopic>(given: T | string | RegExp | object): given is T {
  return typeof given === 'object' && !(given instanceof RegExp) && 'spec' in given && 'name' in given;
}

function specOf(
  { partitions, replicationFactor, retention, settings = {} }: Omit<TopicOptions<never>, 'schema' | 'key'>,
  what: string,
): Omit<TopicSpec, 'topic'> {
  const all = { ...settings };
  if (retention !== undefined) {
    if ('retention.ms' in all)
      throw new PostlogError('INVALID_CONFIG', `${what} has retention and settings['retention.ms']; give one of them.`);
    all['retention.ms'] = retention === 'forever' ? '-1' : String(milliseconds(retention, `retention of ${what}`));
  }
  return {
    ...(partitions === undefined ? {} : { numPartitions: partitions }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    configEntries: Object.entries(all).map(([name, value]) => ({ name, value })),
  };
}
