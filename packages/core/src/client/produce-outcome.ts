import type { ErrorCode } from '../errors/error-code.js';
import type { PostlogError } from '../errors/postlog-error.js';

/** A batch that was not stored as it should be, at the moment it is known. */
export interface FailedAttempt {
  readonly error: PostlogError;
  /** The leader said where the records are, and yet an error: they are stored there, and may not be on all in-sync replicas. */
  readonly isAppended: boolean;
  /** An earlier attempt left the outcome open. */
  readonly wasInDoubt: boolean;
  /** The broker recognises a repeat. */
  readonly isIdempotent: boolean;
  /** When it would be sent again, and when its time is up, on one clock. */
  readonly retryAt: number;
  readonly deadline: number;
}

export interface Aftermath {
  /** The records may be stored. */
  readonly isInDoubt: boolean;
  /** Send the same batch again; else it ends here. */
  readonly isRepeated: boolean;
  /** Somebody else may lead the partition: ask. */
  readonly asksWhoLeads: boolean;
}

const ASKING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'LEADER_NOT_AVAILABLE',
  'BROKER_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'REQUEST_TIMED_OUT',
]);

/**
 * What is to be done after a failed attempt. A batch in doubt is sent again as it was, since the broker recognises it, wherever
 * the partition is led by then. Without idempotence a repeat could store it twice, so its outcome stays unknown.
 */
export function aftermathOf(attempt: FailedAttempt): Aftermath {
  const { error, isAppended, wasInDoubt, isIdempotent, retryAt, deadline } = attempt;
  const isInDoubt = wasInDoubt || isAppended || error.outcome === 'unknown';
  const mayRepeat = error.retriable && (isIdempotent || !isInDoubt);
  return {
    isInDoubt,
    isRepeated: mayRepeat && retryAt < deadline,
    asksWhoLeads: ASKING.has(error.code),
  };
}
