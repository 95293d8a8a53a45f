import { PAUSED, type Group, type GroupMember, type GroupState, type MemberState, type Ownership } from './group.js';

/**
 * `joined`, `changed` (a subscription or its topics), `lost` (a member, others remain), `lastLost`: raise the group epoch.
 * `assigned`: targets were computed for it. `reconciled`: the last member has moved to it. `deleted`: with all its offsets.
 * `paused`, `replaced`: a static member went, its successor came; that alone raises nothing.
 */
export type GroupEvent =
  'joined' | 'changed' | 'lost' | 'lastLost' | 'paused' | 'replaced' | 'assigned' | 'reconciled' | 'deleted';

/** Which event leads where; null means refuse. States are not stored: `groupState` derives them from epochs. */
export const GROUP_TRANSITIONS: Readonly<Record<GroupState, Readonly<Record<GroupEvent, GroupState | null>>>> = {
  Empty: {
    joined: 'Assigning',
    changed: null,
    lost: null,
    lastLost: null,
    paused: null,
    replaced: null,
    assigned: null,
    reconciled: null,
    deleted: 'Dead',
  },
  Assigning: {
    joined: 'Assigning',
    changed: 'Assigning',
    lost: 'Assigning',
    lastLost: 'Empty',
    paused: 'Assigning',
    replaced: 'Assigning',
    assigned: 'Reconciling',
    reconciled: null,
    deleted: null,
  },
  Reconciling: {
    joined: 'Assigning',
    changed: 'Assigning',
    lost: 'Assigning',
    lastLost: 'Empty',
    paused: 'Reconciling',
    replaced: 'Reconciling',
    assigned: null,
    reconciled: 'Stable',
    deleted: null,
  },
  Stable: {
    joined: 'Assigning',
    changed: 'Assigning',
    lost: 'Assigning',
    lastLost: 'Empty',
    paused: 'Stable',
    replaced: 'Reconciling',
    assigned: null,
    reconciled: null,
    deleted: null,
  },
  // A group that does not exist begins with its first member.
  Dead: {
    joined: 'Assigning',
    changed: null,
    lost: null,
    lastLost: null,
    paused: null,
    replaced: null,
    assigned: null,
    reconciled: null,
    deleted: null,
  },
};

/** The group's state, by its epochs and by what its members own (rule I58); of no group, `Dead`. */
export function groupState(group: Group | undefined): GroupState {
  if (group === undefined) return 'Dead';
  const { groupEpoch, assignmentEpoch, members } = group;
  if (members.length === 0) return 'Empty';
  if (groupEpoch > assignmentEpoch) return 'Assigning';
  return isReconciled(group) ? 'Stable' : 'Reconciling';
}

/** Whether everybody is at the targets' epoch and owns what it shall, but for static members that are away. */
function isReconciled({ members, owned, assignmentEpoch }: Group): boolean {
  const present = members.filter(({ memberEpoch }) => memberEpoch !== PAUSED);
  if (present.some(({ memberEpoch }) => memberEpoch !== assignmentEpoch)) return false;
  const ownerOf = new Map(owned.map(({ partitionId, owner }) => [partitionId, owner]));
  const memberIds = new Set(present.map(({ memberId }) => memberId));
  const ownedByPresent = owned.filter(({ owner }) => memberIds.has(owner)).length;
  const targets = present.reduce((sum, { target }) => sum + target.length, 0);
  return (
    targets === ownedByPresent &&
    present.every(({ memberId, target }) => target.every((partitionId) => ownerOf.get(partitionId) === memberId))
  );
}

/** A member's state, by what it owns and what it shall own (rule I59). */
export function memberState(group: Group, member: GroupMember): MemberState {
  if (partitionsToRevoke(group, member).length > 0) return 'UnrevokedPartitions';
  const mine = new Set(ownedBy(group, member.memberId).map(({ partitionId }) => partitionId));
  return member.target.every((partitionId) => mine.has(partitionId)) ? 'Stable' : 'UnreleasedPartitions';
}

export function memberOf(group: Group, memberId: string): GroupMember | undefined {
  return group.members.find((member) => member.memberId === memberId);
}

/** What a member owns now. */
export function ownedBy(group: Group, memberId: string): Ownership[] {
  return group.owned.filter(({ owner }) => owner === memberId);
}

/** What a member owns and the group wants others, or nobody, to own. */
export function partitionsToRevoke(group: Group, member: GroupMember): number[] {
  const target = new Set(member.target);
  return ownedBy(group, member.memberId)
    .map(({ partitionId }) => partitionId)
    .filter((partitionId) => !target.has(partitionId));
}
