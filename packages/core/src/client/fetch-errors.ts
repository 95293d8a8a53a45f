import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { Offset } from '../record/offset.js';
import type { TopicPartition } from '../record/topic-partition.js';
import type { PositionVerdict } from './position-check.js';

/** What a failover looks like to a reader: it passes by itself, so nobody is told. */
const MOVED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'LEADER_NOT_AVAILABLE',
  'BROKER_NOT_AVAILABLE',
  'OFFSET_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'REQUEST_TIMED_OUT',
]);

/** Whether the partition may be led elsewhere, or again in a moment. */
export function hasLeaderMoved(error: unknown): boolean {
  return error instanceof PostlogError && MOVED.has(error.code);
}

/** What was read is not in the new leader's log: this names what is gone, and what follows. */
export function truncated(
  { topic, partition }: TopicPartition,
  position: Offset,
  verdict: Exclude<PositionVerdict, { readonly kind: 'valid' }>,
): PostlogError {
  const name = `${topic}-${partition}`;
  const lostFrom = verdict.kind === 'diverged' ? undefined : verdict.lostFrom;
  const what =
    lostFrom === undefined
      ? `the new leader of ${name} has other records before offset ${position} than were read, nobody knows from where on`
      : `records of ${name} from offset ${lostFrom} to ${position - 1n} were read and are gone: the new leader lacks them`;
  const next = {
    refused: 'autoOffsetReset is none, so say where to go on (admin.resetOffsets, or seek)',
    diverged: 'reading begins anew as autoOffsetReset says',
    lost: verdict.kind === 'lost' ? `reading goes on at ${verdict.goOnAt} with what it has instead` : '',
  }[verdict.kind];
  return new PostlogError('OFFSET_OUT_OF_RANGE', `${what}; ${next}.`);
}

/** There is nowhere to go on, and nobody but the user can say where. */
export function isForTheUser(error: unknown): error is PostlogError {
  const codes: readonly string[] = ['NO_OFFSET_FOR_PARTITION', 'OFFSET_OUT_OF_RANGE'];
  return error instanceof PostlogError && codes.includes(error.code);
}
