import { errorCodeOf } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import { offset, type Offset } from '../record/offset.js';

/** Where a group's log is: the partition of `__consumer_offsets` it falls in, and the reign under which its leader coordinates the group. */
export interface GroupLogPlace {
  readonly partitionId: number;
  readonly leaderEpoch: number;
}

/** @throws PostlogError `NOT_COORDINATOR`, `COORDINATOR_LOAD_IN_PROGRESS`, `COORDINATOR_NOT_AVAILABLE`: ask again, perhaps another broker. */
export function demandCoordinator(groupId: string, refusal: number): void {
  if (refusal === 0) return;
  throw new PostlogError(
    errorCodeOf(refusal),
    `group ${groupId}: ${WHY.get(refusal) ?? 'this broker does not coordinate it now.'}`,
  );
}

const WHY: ReadonlyMap<number, string> = new Map([
  [14, 'its coordinator is reading its log; the request is repeated.'],
  [15, 'too few replicas of its log are in sync; bring a broker back.'],
  [16, 'another broker coordinates it; connect with `brokers` and `metadata`, or let the client find it.'],
]);

export function logEndOf(text: string | null | undefined): Offset | undefined {
  return text == null ? undefined : offset(BigInt(text));
}
