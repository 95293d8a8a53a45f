import { checkGroupId, checkTopicName } from '../record/topic-name.js';
import type { ResolvedRetry } from '../runtime/backoff.js';
import { checkInteger, checkOptions, checkRetry, invalid, shown } from './check-options.js';
import type { ConsumerOptions, ConsumerRun, ConsumerSubscribe } from './consumer-types.js';

export interface ResolvedConsumerOptions {
  readonly groupId: string;
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
  'sessionTimeout',
  'heartbeatInterval',
  'rebalanceTimeout',
  'maxPollIntervalMs',
  'maxBytesPerPartition',
  'maxBytes',
  'maxWaitTimeInMs',
  'retry',
];
const KNOWN_RUN = [
  'autoCommit',
  'autoCommitInterval',
  'autoCommitThreshold',
  'eachBatchAutoResolve',
  'partitionsConsumedConcurrently',
  'eachMessage',
  'eachBatch',
];
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
  return {
    groupId: checkGroupId(options.groupId),
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
  readonly fromBeginning: boolean;
}

/** @throws PostlogError `INVALID_CONFIG`, `INVALID_TOPIC_EXCEPTION` */
export function checkSubscription(given: ConsumerSubscribe): Subscription {
  const { topics, fromBeginning = false } = checkOptions(given, ['topics', 'fromBeginning'], 'subscribe()');
  if (!Array.isArray(topics) || topics.length === 0)
    throw invalid('subscribe() takes topics: an array with at least one name');
  return { topics: (topics as readonly unknown[]).map(checkTopicName), fromBeginning };
}

/** @throws PostlogError `INVALID_CONFIG` */
export function checkRun(given: ConsumerRun): ConsumerRun {
  const options = checkOptions(given, KNOWN_RUN, 'run()');
  const handlers = [options.eachMessage, options.eachBatch].filter((handler) => handler !== undefined);
  if (handlers.length !== 1 || typeof handlers[0] !== 'function')
    throw invalid('run() takes one handler: eachMessage or eachBatch, a function');
  checkInteger(options.partitionsConsumedConcurrently, 'partitionsConsumedConcurrently', {
    min: 1,
    max: 10_000,
    fallback: 1,
  });
  for (const name of ['autoCommitInterval', 'autoCommitThreshold'] as const) {
    if (options[name] != null) checkInteger(options[name], name, { min: 1, max: LONGEST_MS, fallback: 1 });
  }
  for (const name of ['autoCommit', 'eachBatchAutoResolve'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'boolean')
      throw invalid(`${name} is ${shown(value)}; give true or false`);
  }
  return options;
}
