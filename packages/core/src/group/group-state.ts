/**
 * What becomes of a group when a member reports: pure, over plain values.
 *
 * Kafka's next-generation protocol (KIP-848): the group decides, not its members. A change of membership, subscription or
 * topics raises the group epoch; the target assignment is computed for it; each member first gives up what is no longer its
 * own, then moves to the new epoch, then gets what others have given up.
 *
 * G1  A partition has at most one owner: it is given only when nobody owns it.
 * G2  What does not move never changes hands: owner and owner epoch stay.
 * G3  A member moves to the assignment epoch only when it has nothing left to give up (rule I59).
 */
import { PostlogError } from '../errors/postlog-error.js';
import type { AssignablePartition, Assignor } from './assignors.js';

export type GroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' | 'Dead';
export type MemberState = 'Stable' | 'UnrevokedPartitions' | 'UnreleasedPartitions';

export interface Member {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly previousEpoch: number;
  readonly clientId: string;
  readonly host: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly target: readonly number[];
}

export interface Ownership {
  readonly partitionId: number;
  readonly owner: string;
  readonly ownerEpoch: number;
}

export interface Group {
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly members: readonly Member[];
  readonly owned: readonly Ownership[];
}

/** What a member reports. */
export interface MemberReport {
  readonly memberId: string;
  /** 0 joins, -1 leaves (rule I60). */
  readonly memberEpoch: number;
  readonly clientId: string;
  readonly host: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** What it still holds; what is missing was drained and committed. */
  readonly held: readonly number[];
}

export interface Circumstances {
  readonly assignor: Assignor;
  /** Partitions of all subscribed topics, the reporting member's included. */
  readonly partitions: readonly AssignablePartition[];
  /** Topics were created or deleted since the target was computed. */
  readonly haveTopicsChanged: boolean;
  /** Members that were silent for their session, or did not give up partitions in time. */
  readonly lost: ReadonlySet<string>;
}

export interface Decision {
  readonly group: Group;
  /** Undefined when the member has left. */
  readonly state: MemberState | undefined;
}

/** @throws PostlogError `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`: the member must drop everything and join anew. */
export function decide(group: Group, report: MemberReport, circumstances: Circumstances): Decision {
  const isJoining = report.memberEpoch === 0;
  const others = group.members.filter(({ memberId }) => memberId !== report.memberId);
  const remaining = others.filter(({ memberId }) => !circumstances.lost.has(memberId));
  const known = group.members.find(({ memberId }) => memberId === report.memberId);
  if (report.memberEpoch < 0) return leave(group, remaining, report.memberId);
  if (!isJoining) checkEpoch(known, report, group);

  const held = isJoining ? new Set<number>() : new Set(report.held);
  const reporter: Member = {
    ...(known ?? newMember(report)),
    ...describedBy(report),
    ...(isJoining ? { memberEpoch: 0, previousEpoch: 0 } : {}),
  };
  const hasChanged =
    isJoining ||
    remaining.length < others.length ||
    circumstances.haveTopicsChanged ||
    !isSameSet(known?.topics ?? [], report.topics);
  const members = [...remaining, reporter];
  const target = hasChanged ? assign(members, group.owned, circumstances) : undefined;
  const groupEpoch = group.groupEpoch + (hasChanged ? 1 : 0);

  const next = {
    groupEpoch,
    assignmentEpoch: groupEpoch,
    members: members.map((member) =>
      target === undefined ? member : { ...member, target: target.get(member.memberId) ?? [] },
    ),
    owned: releaseWhatIsGone(group.owned, members, circumstances.partitions, report.memberId, held, target),
  };
  return reconcile(next, report.memberId);
}

/** The group's state, by its epochs and its members' (rule I58). */
export function groupState({ groupEpoch, assignmentEpoch, members }: Group): GroupState {
  if (members.length === 0) return 'Empty';
  if (groupEpoch > assignmentEpoch) return 'Assigning';
  return members.every(({ memberEpoch }) => memberEpoch === assignmentEpoch) ? 'Stable' : 'Reconciling';
}

/** What a member owns now. */
export function ownedBy(group: Group, memberId: string): Ownership[] {
  return group.owned.filter(({ owner }) => owner === memberId);
}

/** Whether a member holds something that the target gives to others or to nobody. */
export function mustRevoke(group: Group, member: Member): boolean {
  return ownedBy(group, member.memberId).some(({ partitionId }) => !member.target.includes(partitionId));
}

function leave(group: Group, remaining: readonly Member[], memberId: string): Decision {
  const isMember = group.members.some((member) => member.memberId === memberId);
  const left = new Set(remaining.map((member) => member.memberId));
  // The target of the others is computed with the next report of one of them, who are woken.
  return {
    group: {
      groupEpoch: group.groupEpoch + (isMember ? 1 : 0),
      assignmentEpoch: group.assignmentEpoch,
      members: remaining,
      owned: group.owned.filter(({ owner }) => left.has(owner)),
    },
    state: undefined,
  };
}

function checkEpoch(known: Member | undefined, report: MemberReport, group: Group): void {
  if (known === undefined) {
    throw new PostlogError(
      'UNKNOWN_MEMBER_ID',
      'the member is not in the group any more (its session ran out); it joins again by itself.',
    );
  }
  if (report.memberEpoch === known.memberEpoch) return;
  const owned = new Set(ownedBy(group, report.memberId).map(({ partitionId }) => partitionId));
  const isLostAnswer =
    report.memberEpoch === known.previousEpoch && report.held.every((partitionId) => owned.has(partitionId));
  if (!isLostAnswer) {
    throw new PostlogError(
      'FENCED_MEMBER_EPOCH',
      `the member is at epoch ${report.memberEpoch}, the group knows it at ${known.memberEpoch}; it joins again by itself.`,
    );
  }
}

function assign(
  members: readonly Member[],
  owned: readonly Ownership[],
  { assignor, partitions }: Circumstances,
): Map<string, number[]> {
  return assignor(
    members.map(({ memberId, topics, target }) => {
      const holds = owned.filter(({ owner }) => owner === memberId).map(({ partitionId }) => partitionId);
      return { memberId, topics, current: [...new Set([...holds, ...target])] };
    }),
    partitions,
  );
}

/** Drops ownership of members that are gone, of partitions that are gone, and what the reporter has given up. */
function releaseWhatIsGone(
  owned: readonly Ownership[],
  members: readonly Member[],
  partitions: readonly AssignablePartition[],
  reporter: string,
  held: ReadonlySet<number>,
  target: ReadonlyMap<string, number[]> | undefined,
): Ownership[] {
  const present = new Set(members.map(({ memberId }) => memberId));
  const existing = new Set(partitions.map(({ partitionId }) => partitionId));
  const wanted = new Set(target?.get(reporter) ?? members.find(({ memberId }) => memberId === reporter)?.target ?? []);
  return owned.filter(({ partitionId, owner }) => {
    if (!present.has(owner) || !existing.has(partitionId)) return false;
    if (owner !== reporter || held.has(partitionId)) return true;
    // Not held, but wanted: the member has not heard yet that it owns it. A member that joins anew holds nothing.
    const isJoining = members.some(({ memberId, memberEpoch }) => memberId === reporter && memberEpoch === 0);
    return !isJoining && wanted.has(partitionId);
  });
}

/** Moves the reporting member as far as it can go now. */
function reconcile(group: Group, memberId: string): Decision {
  const member = group.members.find((each) => each.memberId === memberId)!;
  if (mustRevoke(group, member)) return { group, state: 'UnrevokedPartitions' };
  const taken = new Set(group.owned.map(({ partitionId }) => partitionId));
  const free = member.target.filter((partitionId) => !taken.has(partitionId));
  const mine = new Set(ownedBy(group, memberId).map(({ partitionId }) => partitionId));
  const isWaiting = member.target.some((partitionId) => !mine.has(partitionId) && !free.includes(partitionId));
  const claimed = free.map((partitionId) => ({ partitionId, owner: memberId, ownerEpoch: group.assignmentEpoch }));
  const moved =
    member.memberEpoch === group.assignmentEpoch
      ? member
      : { ...member, previousEpoch: member.memberEpoch, memberEpoch: group.assignmentEpoch };
  return {
    group: {
      ...group,
      members: group.members.map((each) => (each.memberId === memberId ? moved : each)),
      owned: [...group.owned, ...claimed],
    },
    state: isWaiting ? 'UnreleasedPartitions' : 'Stable',
  };
}

function newMember(report: MemberReport): Member {
  return { ...describedBy(report), memberEpoch: 0, previousEpoch: 0, target: [] };
}

function describedBy({
  memberId,
  clientId,
  host,
  topics,
  sessionTimeoutMs,
  rebalanceTimeoutMs,
}: MemberReport): Omit<Member, 'memberEpoch' | 'previousEpoch' | 'target'> {
  return { memberId, clientId, host, topics, sessionTimeoutMs, rebalanceTimeoutMs };
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  const known = new Set(a);
  return known.size === new Set(b).size && b.every((each) => known.has(each));
}
