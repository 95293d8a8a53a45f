import { PostlogError, type HandlerRetry, type OnExhausted } from '@postlog/core';
import { checkNames } from '../known-names.js';
import type { PerInstanceGroup } from './group.js';

/** What may also be set from the configuration, by a handler's `id` (`subscriptions` of the module). */
export interface SubscriptionSettings {
  /** Group id, used exactly as written; `perInstance()` for one a process [the class's, then the module's `group`]. */
  readonly group?: string | PerInstanceGroup;
  /** Where a group without a committed offset begins: at the log start [`true`; `perInstance()`: `false`], or at what comes next. */
  readonly fromBeginning?: boolean;
  /** How many partitions are handled at the same time [the module's `concurrency`]. */
  readonly concurrency?: number;
  /** How many records of one partition are handled at the same time [1]; those of one key stay in order. */
  readonly keyConcurrency?: number;
  /** How long one call may take, in milliseconds [as long as it wants]; then `signal` aborts and the call counts as failed. */
  readonly timeoutMs?: number;
  /**
   * How often and how slowly a record that failed is handled again, in its place [the module's `retry`: for ever, so that nothing is given up
   * because of an outage]. What cannot pass is not: a `NonRetriableError`, a guard that denied, a pipe's or handler's `HttpException` of 4xx,
   * a record that does not fit its schema.
   */
  readonly retry?: HandlerRetry;
  /**
   * What becomes of a record after its last attempt [the module's `onExhausted`: `'deadLetter'`, a record of the topic `<topic>.dlq.<group>`;
   * with `perInstance()` `'skip'`]. `'parkKey'`: it waits with all later records of its key, after 5 attempts unless `retry` says otherwise, and no
   * others do.
   */
  readonly onExhausted?: OnExhausted;
  /** With `onExhausted: 'parkKey'`: how many records of one partition may wait [1 000]; for one more the whole partition waits. */
  readonly maxParked?: number;
}

export interface BatchOptions {
  /** The most records of a call. */
  readonly size: number;
  /** How long fewer than that wait for others to come, from the first of them on, in milliseconds [0: what is there is handed over]. */
  readonly waitMs?: number;
}

export interface SubscribeOptions extends SubscriptionSettings {
  /** Names the handler for configuration, logs and health. */
  readonly id?: string;
  /** Only records that were sent with this `type`; other handlers of the same topic and group may take other types. */
  readonly type?: string | readonly string[];
  /** Hands over several records of one partition at once: `@Payload() records: LogRecord<T>[]`. */
  readonly batch?: BatchOptions;
  /**
   * Each call has a transaction (`@Tx()`, `context.tx`) of the module's `dataSource` or `runInTransaction`, else of a connection that the
   * transport opens: what the handler writes there, what it sends, and how far the group is become final with one commit, or not at all [false].
   */
  readonly transaction?: boolean;
  /** Which of several named connections [the default one]. */
  readonly connection?: string;
}

const SETTINGS = [
  'group',
  'fromBeginning',
  'concurrency',
  'keyConcurrency',
  'timeoutMs',
  'retry',
  'onExhausted',
  'maxParked',
];
const LARGEST = { concurrency: 10_000, keyConcurrency: 10_000, timeoutMs: 2 ** 31 - 1, maxParked: 1_000_000 } as const;

/** @param what whose options these are, as the user wrote it. @throws PostlogError `INVALID_CONFIG` */
export function checkSubscribeOptions(options: SubscribeOptions, what: string): void {
  checkNames(options, [...SETTINGS, 'id', 'type', 'batch', 'transaction', 'connection'], what);
  checkNumbers(options, what);
  const { batch, keyConcurrency, type, transaction } = options;
  if (transaction !== undefined && typeof transaction !== 'boolean')
    throw invalid(`transaction of ${what} is ${JSON.stringify(transaction)}; give true or false`);
  checkPace(options, what);
  if (batch === undefined) return;
  checkNames(batch, ['size', 'waitMs'], `batch of ${what}`);
  checkWhole(batch.size, 'batch.size', 100_000, what);
  if (batch.waitMs !== undefined && batch.waitMs !== 0) checkWhole(batch.waitMs, 'batch.waitMs', 2 ** 31 - 1, what);
  if (keyConcurrency !== undefined && keyConcurrency > 1)
    throw invalid(
      `${what} has batch and keyConcurrency; leave out keyConcurrency: a batch handler sorts its records by itself`,
    );
  if (type !== undefined)
    throw invalid(
      `${what} has batch and type; leave out type, or handle one record at a time: a batch holds records of every type`,
    );
}

/** Transactions of one partition commit one after another. @throws PostlogError `INVALID_CONFIG` */
export function checkPace({ transaction, keyConcurrency = 1 }: SubscribeOptions, what: string): void {
  if (transaction !== true || keyConcurrency <= 1) return;
  throw invalid(
    `${what} has transaction: true and keyConcurrency: ${keyConcurrency}; leave out keyConcurrency and give the topic more partitions, since ` +
      'transactions of one partition commit one after another',
  );
}

/** @throws PostlogError `INVALID_CONFIG` */
export function checkSettings(settings: SubscriptionSettings, what: string): void {
  checkNames(settings, SETTINGS, what);
  checkNumbers(settings, what);
}

function checkNumbers(settings: SubscriptionSettings, what: string): void {
  for (const name of Object.keys(LARGEST) as (keyof typeof LARGEST)[])
    if (settings[name] !== undefined) checkWhole(settings[name], name, LARGEST[name], what);
}

function checkWhole(value: unknown, name: string, largest: number, what: string): void {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= largest) return;
  throw invalid(`${name} of ${what} is ${JSON.stringify(value)}; give a whole number from 1 to ${largest}`);
}

function invalid(detail: string): PostlogError {
  return new PostlogError('INVALID_CONFIG', `${detail}.`);
}
