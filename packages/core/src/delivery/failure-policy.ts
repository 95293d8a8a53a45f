/**
 * Delivery is what becomes of a record that a handler could not handle: when it is tried again, and where it goes when that is of no use.
 *
 * This room decides (here), writes down (the headers of a dead letter) and keeps (`*.store.ts`). It calls no handler and moves no offset: that is
 * `client/`.
 *
 * F1  A record is done only when its handler succeeded, or when it is kept elsewhere: in the dead-letter topic or in the parking table. Only
 *     `onExhausted: 'skip'` drops one.
 * F2  Records of one key are handled in the order of their offsets, parked or not.
 */
import { isNonRetriable } from './non-retriable-error.js';
import { RetryLaterError } from './retry-later-error.js';

/** What becomes of a record whose handler failed for the last time. */
export const EXHAUSTED = ['deadLetter', 'skip', 'pause', 'parkKey'] as const;
export type OnExhausted = (typeof EXHAUSTED)[number];

export interface FailurePolicy {
  /** Calls of the handler for one record, the first included. */
  readonly attempts: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  /** Part of the delay that is random, 0 to 1. */
  readonly jitter: number;
  readonly retryIf: ((error: Error) => boolean) | undefined;
  readonly onExhausted: OnExhausted;
  readonly handlerId: string | undefined;
  /** Most records that wait in the parking table, of one partition. */
  readonly maxParked: number;
}

export type NextStep = { readonly kind: 'retry'; readonly afterMs: number } | { readonly kind: OnExhausted };

/**
 * What to do after a failure. `attempt` is the number of the call that failed, from 1. A record without a key cannot be parked, since nothing tells
 * what would have to wait for it: it becomes a dead letter.
 */
export function nextStep(
  error: Error,
  attempt: number,
  policy: FailurePolicy,
  record: { readonly hasKey: boolean; readonly random: () => number },
): NextStep {
  if (attempt < policy.attempts && isWorthRetrying(error, policy))
    return {
      kind: 'retry',
      afterMs: error instanceof RetryLaterError ? error.delayMs : delayAfter(attempt, policy, record.random),
    };
  return { kind: policy.onExhausted === 'parkKey' && !record.hasKey ? 'deadLetter' : policy.onExhausted };
}

/** How long to rest after call number `attempt` failed, in milliseconds: it grows up to `maxDelayMs`, spread by chance so that failures do not march in step. */
export function delayAfter(
  attempt: number,
  { delayMs, factor, maxDelayMs, jitter }: FailurePolicy,
  random: () => number,
): number {
  const grown = Math.min(maxDelayMs, delayMs * factor ** Math.min(attempt - 1, 1_000));
  return Math.round(Math.max(0, Math.min(maxDelayMs, grown * (1 - jitter + 2 * jitter * random()))));
}

/** How long a parked record rests: as before it was parked, and as long as can be when no repeat is expected to help. */
export function delayWhileParked(error: Error, attempt: number, policy: FailurePolicy, random: () => number): number {
  return isWorthRetrying(error, policy) ? delayAfter(attempt, policy, random) : policy.maxDelayMs;
}

function isWorthRetrying(error: Error, { retryIf }: FailurePolicy): boolean {
  if (isNonRetriable(error)) return false;
  try {
    return retryIf?.(error) !== false;
  } catch {
    return true; // A predicate that fails says nothing of the record.
  }
}
