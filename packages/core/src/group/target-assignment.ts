import type { AssignableMember, AssignablePartition, Assignor } from './assignors.js';
import type { Group, GroupMember } from './group.js';
import { ownedBy } from './group-state.js';

/** Computes everybody's target for the group's epoch. An assignor of one's own may err: what it must not do is undone. */
export function assignTargets(group: Group, assignor: Assignor, partitions: readonly AssignablePartition[]): Group {
  const owners = new Map(group.owned.map(({ partitionId, owner }) => [partitionId, owner]));
  const members = group.members.map((member): AssignableMember => {
    const { memberId, topics } = member;
    return { memberId, topics, current: currentOf(group, member, owners) };
  });
  const targets = assignor(members, partitions);
  const topicOf = new Map(partitions.map(({ partitionId, topic }) => [partitionId, topic]));
  const taken = new Set<number>();
  return {
    ...group,
    assignmentEpoch: group.groupEpoch,
    members: group.members.map((member) => {
      const allowed = (targets.get(member.memberId) ?? []).filter((partitionId) => {
        const topic = topicOf.get(partitionId);
        if (topic === undefined || !member.topics.includes(topic) || taken.has(partitionId)) return false;
        taken.add(partitionId);
        return true;
      });
      return { ...member, target: allowed.sort((a, b) => a - b) };
    }),
  };
}

/** Whether topics came, went or grew since the targets were computed. */
export function isTargetOutdated(group: Group, partitions: readonly AssignablePartition[]): boolean {
  const targeted = new Set(group.members.flatMap(({ target }) => target));
  return targeted.size !== partitions.length || partitions.some(({ partitionId }) => !targeted.has(partitionId));
}

/**
 * What a member has, what it would keep longest first: what it owns and shall own; what it shall own and nobody does; what
 * it is giving up already. So a rebalance that begins before the last one ended asks nobody for more than it must.
 */
function currentOf(group: Group, member: GroupMember, owners: ReadonlyMap<number, string>): number[] {
  const mine = ownedBy(group, member.memberId).map(({ partitionId }) => partitionId);
  const target = new Set(member.target);
  const ascending = (ids: number[]) => ids.sort((a, b) => a - b);
  return [
    ...ascending(mine.filter((partitionId) => target.has(partitionId))),
    ...ascending(member.target.filter((partitionId) => !owners.has(partitionId))),
    ...ascending(mine.filter((partitionId) => !target.has(partitionId))),
  ];
}
