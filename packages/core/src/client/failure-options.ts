import { deadLetterTopic } from '../record/dead-letter-topic.js';
import { EXHAUSTED, type FailurePolicy, type OnExhausted } from '../delivery/failure-policy.js';
import { checkInteger, checkOptions, invalid, shown } from './check-options.js';

/** How often and how slowly a record that failed is handled again, in its place: what comes after it waits. */
export interface HandlerRetry {
  /** Calls of the handler for one record, the first included [5]. */
  readonly attempts?: number;
  /** Rest after the first failure, in milliseconds [200]. */
  readonly delayMs?: number;
  /** Growth of the rest [2]. */
  readonly factor?: number;
  /** Longest rest, in milliseconds [60 000]. */
  readonly maxDelayMs?: number;
  /** Part of the rest that is random, 0 to 1 [0.2]. */
  readonly jitter?: number;
  /** Whether another attempt may help; false is the last word on the record [true, except for a `NonRetriableError`]. */
  readonly retryIf?: (error: Error) => boolean;
}

/** What becomes of records that cannot be handled. Without `retry` and `onExhausted` the consumer crashes, as in KafkaJS. */
export interface FailureOptions {
  readonly retry?: HandlerRetry;
  /**
   * What becomes of a record after its last attempt [`deadLetter`]: it goes to the topic `<topic>.dlq.<group>`; it is skipped; its partition
   * pauses until `resume`; or it waits in a table, with all later records of its key and no others, and is tried again.
   */
  readonly onExhausted?: OnExhausted;
  /** Names the handler in dead letters and in events. */
  readonly handlerId?: string;
  /** With `parkKey`: most records of one partition that wait [1 000]. When there are more the partition waits too, with an alarm. */
  readonly maxParked?: number;
}

/** What of a consumer decides which failure options it can have. */
export interface FailureSurroundings {
  readonly groupId: string | null;
  /** By name; those that a pattern matches are not known yet. */
  readonly topics: readonly string[];
  /** The consumer chose its partitions itself. */
  readonly isAssigned: boolean;
  readonly isTransactional: boolean;
  readonly commitsByItself: boolean;
  /** There is one broker, whose database has a place for it. */
  readonly mayPark: boolean;
}

export const FAILURE_OPTIONS = [
  'retry',
  'onExhausted',
  'handlerId',
  'maxParked',
] as const satisfies (keyof FailureOptions)[];
const RETRY = ['attempts', 'delayMs', 'factor', 'maxDelayMs', 'jitter', 'retryIf'];
const DAY_MS = 86_400_000;

/**
 * The policy that the options say; undefined where there is none.
 *
 * @throws PostlogError `INVALID_CONFIG`; `INVALID_TOPIC_EXCEPTION` when dead letters would have no possible topic
 */
export function resolveFailurePolicy(
  options: FailureOptions,
  surroundings: FailureSurroundings,
): FailurePolicy | undefined {
  const { retry, onExhausted = 'deadLetter', handlerId, maxParked } = options;
  if (retry === undefined && options.onExhausted === undefined) {
    if (handlerId !== undefined || maxParked !== undefined)
      throw invalid(
        `${handlerId === undefined ? 'maxParked' : 'handlerId'} goes with retry or onExhausted; give one of them`,
      );
    return undefined;
  }
  if (!EXHAUSTED.includes(onExhausted))
    throw invalid(`onExhausted is ${shown(onExhausted)}; give one of ${EXHAUSTED.join(', ')}`);
  if (handlerId !== undefined && (typeof handlerId !== 'string' || !/^[\w./:#-]{1,200}$/.test(handlerId)))
    throw invalid(`handlerId is ${shown(handlerId)}; give 1 to 200 letters, digits and ". / : # _ -"`);
  if (maxParked !== undefined && onExhausted !== 'parkKey') throw invalid("maxParked goes with onExhausted: 'parkKey'");
  checkPlace(onExhausted, surroundings);
  return {
    ...checkHandlerRetry(retry),
    onExhausted,
    handlerId,
    maxParked: checkInteger(maxParked, 'maxParked', { min: 1, max: 1_000_000, fallback: 1_000 }),
  };
}

function checkHandlerRetry(given: HandlerRetry | undefined) {
  const retry = checkOptions(given, RETRY, 'run().retry');
  const ms = (name: 'delayMs' | 'maxDelayMs', fallback: number) =>
    checkInteger(retry[name], `run().retry.${name}`, { min: 0, max: DAY_MS, fallback });
  const number = (name: 'factor' | 'jitter', min: number, max: number, fallback: number) => {
    const value: unknown = retry[name] === undefined ? fallback : retry[name];
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw invalid(`run().retry.${name} is ${shown(value)}; give a number from ${min} to ${max}`);
  };
  if (retry.retryIf !== undefined && typeof retry.retryIf !== 'function')
    throw invalid('run().retry.retryIf is no function; give (error) => boolean, or leave it out');
  const delayMs = ms('delayMs', 200);
  return {
    attempts: checkInteger(retry.attempts, 'run().retry.attempts', { min: 1, max: 1_000_000, fallback: 5 }),
    delayMs,
    factor: number('factor', 1, 1_000, 2),
    maxDelayMs: ms('maxDelayMs', Math.max(60_000, delayMs)),
    jitter: number('jitter', 0, 1, 0.2),
    retryIf: retry.retryIf,
  };
}

/** What is kept elsewhere needs a place that is the group's. */
function checkPlace(onExhausted: OnExhausted, surroundings: FailureSurroundings): void {
  const { groupId, topics, isAssigned, isTransactional, commitsByItself, mayPark } = surroundings;
  if (onExhausted === 'skip' || onExhausted === 'pause') return;
  if (groupId === null) throw invalid(`onExhausted: '${onExhausted}' needs a group; give consumer() a groupId`);
  for (const topic of ['t', ...topics]) deadLetterTopic(topic, groupId);
  if (onExhausted === 'deadLetter') return;
  if (!mayPark) throw invalid("onExhausted: 'parkKey' is possible with one broker only; take 'deadLetter' or 'pause'");
  if (isAssigned)
    throw invalid(
      "onExhausted: 'parkKey' goes with subscribe(); partitions that are assigned have no owner to handle what is parked",
    );
  if (isTransactional)
    throw invalid("onExhausted: 'parkKey' is not possible with transactional: true yet; take 'deadLetter' or 'pause'");
  if (!commitsByItself)
    throw invalid("onExhausted: 'parkKey' goes with autoCommit: true, since what is parked is done");
}
