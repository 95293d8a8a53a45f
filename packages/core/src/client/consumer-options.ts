import { checkGroupId, checkTopicName } from '../record/topic-name.js';
import type { ResolvedRetry } from '../runtime/backoff.js';
import { checkBoolean, checkInteger, checkOptions, checkRetry, invalid, shown } from './check-options.js';
import { BUILT_IN_ASSIGNORS } from '../group/built-in-assignors.js';
import type { ConsumerOptions, ConsumerSubscribe, CustomAssignor, OffsetReset } from './consumer-types.js';

export interface ResolvedConsumerOptions {
  readonly groupId: string | null;
  readonly groupInstanceId: string | null;
  readonly assignor: string;
  readonly customAssignor: CustomAssignor | undefined;
  readonly autoOffsetReset: OffsetReset;
  readonly sessionTimeout: number;
  readonly heartbeatInterval: number;
  readonly rebalanceTimeout: number;
  readonly maxPollIntervalMs: number;
  readonly maxBytesPerPartition: number;
  readonly maxBytes: number;
  readonly retry: ResolvedRetry;
  readonly restartOnFailure: (error: Error) => Promise<boolean>;
}

const KNOWN = [
  'groupId',
  'groupInstanceId',
  'assignor',
  'autoOffsetReset',
  'sessionTimeout',
  'heartbeatInterval',
  'rebalanceTimeout',
  'maxPollIntervalMs',
  'maxBytesPerPartition',
  'maxBytes',
  'maxWaitTimeInMs',
  'retry',
];
const RESETS: readonly unknown[] = ['earliest', 'latest', 'none'] satisfies OffsetReset[];
const LONGEST_MS = 2 ** 31 - 1;

/** @throws PostlogError `INVALID_CONFIG`, `INVALID_GROUP_ID` */
export function resolveConsumerOptions(given: ConsumerOptions): ResolvedConsumerOptions {
  const options = checkOptions(given, KNOWN, 'consumer()');
  const integer = (name: keyof ConsumerOptions, min: number, max: number, fallback: number) =>
    checkInteger(options[name], name, { min, max, fallback });
  const sessionTimeout = integer('sessionTimeout', 100, 3_600_000, 45_000);
  const heartbeatInterval = integer('heartbeatInterval', 10, 600_000, Math.min(3_000, Math.floor(sessionTimeout / 3)));
  if (heartbeatInterval * 2 >= sessionTimeout) {
    throw invalid(
      `heartbeatInterval (${heartbeatInterval}) must be less than half of sessionTimeout (${sessionTimeout}); lower it, a third is usual`,
    );
  }
  integer('maxWaitTimeInMs', 0, LONGEST_MS, 5_000);
  const { groupInstanceId, assignor = 'uniform', autoOffsetReset = 'latest' } = options;
  const customAssignor = typeof assignor === 'string' ? undefined : checkAssignor(assignor);
  if (typeof assignor === 'string' && !BUILT_IN_ASSIGNORS.has(assignor)) throw invalid(badAssignor(assignor));
  if (!RESETS.includes(autoOffsetReset))
    throw invalid(`autoOffsetReset is ${shown(autoOffsetReset)}; give one of ${RESETS.join(', ')}`);
  return {
    groupId: options.groupId === undefined ? null : checkGroupId(options.groupId),
    groupInstanceId: groupInstanceId === undefined ? null : checkInstanceId(groupInstanceId),
    assignor: typeof assignor === 'string' ? assignor : customAssignor!.name,
    customAssignor,
    autoOffsetReset,
    sessionTimeout,
    heartbeatInterval,
    rebalanceTimeout: integer('rebalanceTimeout', 100, LONGEST_MS, 60_000),
    maxPollIntervalMs: integer('maxPollIntervalMs', 100, LONGEST_MS, 300_000),
    maxBytesPerPartition: integer('maxBytesPerPartition', 1, 2 ** 30, 4_194_304),
    maxBytes: integer('maxBytes', 1, 2 ** 31 - 1, 33_554_432),
    retry: {
      ...checkRetry(options.retry, 'consumer()', ['restartOnFailure']),
      ...(options.retry?.retries === undefined ? { retries: 5 } : {}),
    },
    restartOnFailure: options.retry?.restartOnFailure ?? (() => Promise.resolve(true)),
  };
}

export interface Subscription {
  readonly topics: readonly string[];
  readonly patterns: readonly RegExp[];
  /** Undefined: as the consumer does. */
  readonly fromBeginning: boolean | undefined;
}

/** @throws PostlogError `INVALID_CONFIG`, `INVALID_TOPIC_EXCEPTION` */
export function checkSubscription(given: ConsumerSubscribe, what = 'subscribe()'): Subscription {
  const { topics, fromBeginning } = checkOptions(given, ['topics', 'fromBeginning'], what);
  if (!Array.isArray(topics) || topics.length === 0)
    throw invalid(`${what} takes topics: an array with at least one name or regular expression`);
  if (fromBeginning !== undefined) checkBoolean(fromBeginning, 'fromBeginning', false);
  const all = topics as readonly unknown[];
  return {
    topics: all.filter((topic) => !(topic instanceof RegExp)).map(checkTopicName),
    patterns: all.filter((topic) => topic instanceof RegExp),
    fromBeginning,
  };
}

function checkAssignor(given: unknown): CustomAssignor {
  const { name, assign } = (given ?? {}) as Partial<CustomAssignor>;
  if (typeof name !== 'string' || !/^[\w.-]{1,100}$/.test(name) || typeof assign !== 'function')
    throw invalid(badAssignor(given));
  if (BUILT_IN_ASSIGNORS.has(name)) throw invalid(`assignor.name is ${shown(name)}, which is built in; choose another`);
  return { name, assign };
}

function badAssignor(given: unknown): string {
  const names = [...BUILT_IN_ASSIGNORS.keys()].join(', ');
  return `assignor is ${shown(given)}; give one of ${names}, or { name, assign } with a name of letters, digits, ".", "_" and "-"`;
}

function checkInstanceId(given: unknown): string {
  if (typeof given === 'string' && /^[\w.-]{1,249}$/.test(given)) return given;
  throw invalid(`groupInstanceId is ${shown(given)}; give 1 to 249 letters, digits, ".", "_" and "-"`);
}
