import type { Offset } from '../record/offset.js';
import type { AssignablePartition } from './assignors.js';
import type { Group, MemberState } from './group.js';
import { memberOf, ownedBy } from './group-state.js';

/** A partition that the member may own now. */
export interface AssignedPartition {
  readonly partitionId: number;
  readonly topic: string;
  readonly partition: number;
  /** Under which the member commits here; it stays while the partition does not move. */
  readonly ownerEpoch: number;
  /** Where the group goes on, as it was when the member got the partition or later; null if nothing is committed. */
  readonly committedOffset: Offset | null;
  /** Of the last record before the committed offset; -1 when unknown. */
  readonly leaderEpoch: number;
  /** Compared with a claim's: whichever is newer says where to go on. */
  readonly resetEpoch: number;
}

export interface GroupHeartbeatAnswer {
  readonly memberEpoch: number;
  /** What is not in here any more must be drained, committed and left out of the next report. */
  readonly assignment: readonly AssignedPartition[];
  readonly state: MemberState;
}

/** What a member is told: of what it owns, what it shall keep, and where the group goes on there. */
export function answerTo(
  memberId: string,
  state: MemberState,
  group: Group,
  known: {
    readonly places: ReadonlyMap<number, AssignablePartition>;
    readonly positions: ReadonlyMap<number, Pick<AssignedPartition, 'committedOffset' | 'leaderEpoch' | 'resetEpoch'>>;
  },
): GroupHeartbeatAnswer {
  const { memberEpoch, target } = memberOf(group, memberId)!;
  const wanted = new Set(target);
  const assignment = ownedBy(group, memberId)
    .sort((a, b) => a.partitionId - b.partitionId)
    .flatMap(({ partitionId, ownerEpoch }): AssignedPartition[] => {
      const place = known.places.get(partitionId);
      if (place === undefined || !wanted.has(partitionId)) return [];
      const { committedOffset = null, leaderEpoch = -1, resetEpoch = 0 } = known.positions.get(partitionId) ?? {};
      const { topic, partition } = place;
      return [{ partitionId, topic, partition, ownerEpoch, committedOffset, leaderEpoch, resetEpoch }];
    });
  return { memberEpoch, assignment, state };
}
