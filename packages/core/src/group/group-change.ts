import type { Group, GroupMember } from './group.js';
import { memberOf, partitionsToRevoke } from './group-state.js';

/** What a write must carry to turn one value of a group into the next. */
export interface GroupChange {
  readonly changedMembers: readonly ChangedMember[];
  readonly removedMembers: readonly string[];
  readonly ownership: readonly OwnershipChange[];
  /** Nothing has changed: nothing is to be written. */
  readonly isEmpty: boolean;
}

interface ChangedMember extends GroupMember {
  readonly revocation: Revocation;
}

/** The rebalance timeout runs while a member gives up nothing of what it was asked for. */
type Revocation = 'none' | 'begins' | 'goes on';

interface OwnershipChange {
  readonly partitionId: number;
  readonly oldOwner: string | null;
  readonly newOwner: string | null;
  readonly newOwnerEpoch: number;
}

export function changeBetween(before: Group, after: Group): GroupChange {
  const changedMembers = after.members
    .filter((member) => {
      const old = memberOf(before, member.memberId);
      return old === undefined || !isSameMember(old, member) || revocationOf(before, after, member) === 'begins';
    })
    .map((member) => ({ ...member, revocation: revocationOf(before, after, member) }));
  const removedMembers = before.members
    .map(({ memberId }) => memberId)
    .filter((memberId) => memberOf(after, memberId) === undefined);
  const ownership = ownershipChanges(before, after);
  const hasEpochs = before.groupEpoch === after.groupEpoch && before.assignmentEpoch === after.assignmentEpoch;
  const isEmpty = hasEpochs && changedMembers.length === 0 && removedMembers.length === 0 && ownership.length === 0;
  return { changedMembers, removedMembers, ownership, isEmpty };
}

function revocationOf(before: Group, after: Group, member: GroupMember): Revocation {
  const now = partitionsToRevoke(after, member);
  if (now.length === 0) return 'none';
  const old = memberOf(before, member.memberId);
  const earlier = old === undefined ? [] : partitionsToRevoke(before, old);
  const left = new Set(now);
  return earlier.length > 0 && earlier.every((partitionId) => left.has(partitionId)) ? 'goes on' : 'begins';
}

function ownershipChanges(before: Group, after: Group): OwnershipChange[] {
  const was = new Map(before.owned.map((each) => [each.partitionId, each]));
  const is = new Map(after.owned.map((each) => [each.partitionId, each]));
  const changes: OwnershipChange[] = [];
  for (const partitionId of [...new Set([...was.keys(), ...is.keys()])].sort((a, b) => a - b)) {
    const [old, now] = [was.get(partitionId), is.get(partitionId)];
    if (old?.owner === now?.owner && old?.ownerEpoch === now?.ownerEpoch) continue;
    changes.push({
      partitionId,
      oldOwner: old?.owner ?? null,
      newOwner: now?.owner ?? null,
      newOwnerEpoch: now?.ownerEpoch ?? -1,
    });
  }
  return changes;
}

function isSameMember(a: GroupMember, b: GroupMember): boolean {
  return (
    a.memberEpoch === b.memberEpoch &&
    a.previousEpoch === b.previousEpoch &&
    a.clientId === b.clientId &&
    a.host === b.host &&
    a.sessionTimeoutMs === b.sessionTimeoutMs &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.groupInstanceId === b.groupInstanceId &&
    a.topicPattern === b.topicPattern &&
    a.assignor === b.assignor &&
    isSameList(a.topics, b.topics) &&
    isSameList(a.target, b.target)
  );
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
