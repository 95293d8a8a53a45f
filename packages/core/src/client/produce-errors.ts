import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';

/** The records waited for longer than `deliveryTimeoutMs`. */
export const timedOut = () =>
  new PostlogError(
    'REQUEST_TIMED_OUT',
    'the records were not stored within deliveryTimeoutMs; raise it, or look at the broker.',
  );

/** What a broker's refusal of a batch means to who sent it. */
const REFUSALS: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'the partition is not there any more.',
  NOT_LEADER_OR_FOLLOWER: 'the partition has another leader now.',
  FENCED_LEADER_EPOCH: 'the partition has a newer leader epoch.',
  OUT_OF_ORDER_SEQUENCE_NUMBER:
    'the broker lacks a batch that came before this one; send the records again if order allows.',
  INVALID_PRODUCER_EPOCH: 'a newer epoch of this producer has written to the partition.',
};

/** What a request threw, as an error of ours. */
export function asPostlogError(error: unknown): PostlogError {
  return error instanceof PostlogError
    ? error
    : new PostlogError(
        'UNKNOWN_SERVER_ERROR',
        `unexpected: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
}

/** The error that a refused batch ends with. */
export function refusalOf(code: ErrorCode | undefined): PostlogError {
  return new PostlogError(code ?? 'UNKNOWN_SERVER_ERROR', REFUSALS[code ?? ''] ?? 'the broker refused the batch.');
}
