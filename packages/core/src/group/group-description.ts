import type { TopicPartition } from '../record/topic-partition.js';
import { preferredAssignor } from './assignor-choice.js';
import type { AssignablePartition } from './assignors.js';
import type { Group, GroupMember, GroupState, MemberState } from './group.js';
import { groupState, memberState, ownedBy } from './group-state.js';

export interface DescribedGroup {
  readonly groupId: string;
  /** `Dead` when there is no such group. */
  readonly state: GroupState;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  /** The name of the one that the group takes; empty without members. */
  readonly assignor: string;
  readonly members: readonly DescribedMember[];
}

export interface DescribedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  /** -2 while a static member is away. */
  readonly memberEpoch: number;
  readonly state: MemberState;
  readonly topics: readonly string[];
  readonly topicPattern: string | null;
  readonly assignor: string;
  readonly owned: readonly TopicPartition[];
  /** What it shall own and others have not given up yet. */
  readonly awaited: readonly TopicPartition[];
}

/** A group as an operator wants to see it. */
export function describeGroup(
  groupId: string,
  group: Group | undefined,
  places: ReadonlyMap<number, AssignablePartition>,
): DescribedGroup {
  const { groupEpoch = 0, assignmentEpoch = 0, members = [] } = group ?? {};
  const named = (ids: readonly number[]): TopicPartition[] =>
    ids.flatMap((partitionId) => {
      const place = places.get(partitionId);
      return place === undefined ? [] : [{ topic: place.topic, partition: place.partition }];
    });
  const describeMember = (within: Group, member: GroupMember): DescribedMember => {
    const { target, previousEpoch: _, sessionTimeoutMs: __, rebalanceTimeoutMs: ___, ...described } = member;
    const mine = ownedBy(within, member.memberId).map(({ partitionId }) => partitionId);
    const awaited = target.filter((partitionId) => !mine.includes(partitionId));
    const state = memberState(within, member);
    return { ...described, state, owned: named(mine), awaited: named(awaited) };
  };
  return {
    groupId,
    state: groupState(group),
    groupEpoch,
    assignmentEpoch,
    assignor: preferredAssignor(members),
    members: group === undefined ? [] : members.map((member) => describeMember(group, member)),
  };
}
