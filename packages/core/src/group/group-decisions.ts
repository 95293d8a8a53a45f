/**
 * Decides what becomes of a group when a member reports. Nothing here reads a clock or a database: what is known comes
 * in, the group as it shall be comes out, and the coordinator writes the difference if nothing has changed meanwhile.
 */
import { PostlogError } from '../errors/postlog-error.js';
import { preferredAssignor } from './assignor-choice.js';
import type { AssignablePartition, Assignor } from './assignors.js';
import { JOINING, PAUSED, type Group, type GroupMember, type MemberReport, type MemberState } from './group.js';
import { groupState, memberOf, memberState, ownedBy, partitionsToRevoke, type GroupEvent } from './group-state.js';
import { assignTargets } from './target-assignment.js';

export interface Circumstances {
  /** Assignors that this process knows, by name. */
  readonly assignors: ReadonlyMap<string, Assignor>;
  /** Partitions of all subscribed topics, the reporting member's included. */
  readonly partitions: readonly AssignablePartition[];
  /** Topics of this group were created, deleted or got partitions since the target was computed. */
  readonly haveTopicsChanged: boolean;
  /** Members that were silent for their session. */
  readonly silent: ReadonlySet<string>;
  /** Members that did not give up what they were asked to within their rebalance timeout (rule I61). */
  readonly late: ReadonlySet<string>;
}

export interface Decision {
  readonly group: Group;
  /** What happened, in the order of `GROUP_TRANSITIONS`; empty when the group as such stays as it is. */
  readonly events: readonly GroupEvent[];
  /** What to tell the reporter. `Removed`: it was late, and must join anew. */
  readonly outcome: MemberState | 'Left' | 'Removed';
}

/**
 * @throws PostlogError `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`: the member must drop everything and join anew;
 * `FENCED_INSTANCE_ID`: another process has its place, it must stop; `UNSUPPORTED_ASSIGNOR`: this process cannot decide.
 */
export function decide(group: Group, report: MemberReport, circumstances: Circumstances): Decision {
  const others = new Set([...circumstances.silent, ...circumstances.late].filter((id) => id !== report.memberId));
  const remaining = expire(group, others);
  if (report.memberEpoch === PAUSED) return decidePause(remaining, report.memberId);
  if (report.memberEpoch < 0) return decideLeave(remaining, report.memberId);
  if (report.memberEpoch === JOINING) {
    const former = formerOf(remaining.group, report);
    if (former !== undefined) return decideReplace(remaining, former, report, circumstances);
    return decideJoin(remaining, report, circumstances);
  }
  return decideHeartbeat(remaining, report, circumstances);
}

/** A member joins, holding nothing, whatever it was before. */
function decideJoin({ group, events }: Step, report: MemberReport, circumstances: Circumstances): Decision {
  const joined: GroupMember = { ...describedBy(report), memberEpoch: 0, previousEpoch: 0, target: [] };
  const next = {
    ...group,
    members: [...group.members.filter(({ memberId }) => memberId !== report.memberId), joined],
    owned: group.owned.filter(({ owner }) => owner !== report.memberId),
  };
  return settle({ group: next, events: [...events, 'joined'] }, report.memberId, circumstances);
}

/** A static member comes back as a new process, whatever became of the old one: it has what that had, and nobody else moves. */
function decideReplace(
  { group, events }: Step,
  former: GroupMember,
  report: MemberReport,
  circumstances: Circumstances,
): Decision {
  const member: GroupMember = { ...describedBy(report), memberEpoch: 0, previousEpoch: 0, target: former.target };
  const next = {
    ...group,
    members: group.members.map((each) => (each === former ? member : each)),
    owned: group.owned.filter(({ owner }) => owner !== former.memberId),
  };
  const hasChanged = circumstances.haveTopicsChanged || !isSameSubscription(former, report);
  const all: GroupEvent[] = [...events, 'replaced'];
  return settle({ group: next, events: hasChanged ? [...all, 'changed'] : all }, report.memberId, circumstances);
}

/** A member reports what it still holds: what is missing from that is free for others now. */
function decideHeartbeat({ group, events }: Step, report: MemberReport, circumstances: Circumstances): Decision {
  const known = checkReport(group, report);
  const confirmed = confirm(group, known, report);
  if (circumstances.late.has(report.memberId) && partitionsToRevoke(confirmed, known).length > 0) {
    const without = expire(confirmed, new Set([report.memberId]));
    return { group: raised(without.group), events: [...events, ...without.events], outcome: 'Removed' };
  }
  const described = replaced(confirmed, { ...known, ...describedBy(report) });
  const hasChanged = circumstances.haveTopicsChanged || !isSameSubscription(known, report);
  return settle(
    { group: described, events: hasChanged ? [...events, 'changed'] : events },
    report.memberId,
    circumstances,
  );
}

/** A member leaves; the others compute their targets when the first of them reports. */
function decideLeave({ group, events }: Step, memberId: string): Decision {
  const without = expire(group, new Set([memberId]));
  const all = [...events, ...without.events];
  return { group: all.length > 0 ? raised(without.group) : group, events: all, outcome: 'Left' };
}

/** A static member goes, having drained everything: until its session is over its partitions wait for its successor. */
function decidePause({ group, events }: Step, memberId: string): Decision {
  const member = memberOf(group, memberId);
  const hasEvents = events.length > 0;
  if (member === undefined) return { group: hasEvents ? raised(group) : group, events, outcome: 'Left' };
  const paused = withoutPausedSurplus(replaced(group, { ...member, memberEpoch: PAUSED }));
  const all: GroupEvent[] = [...events, 'paused'];
  if (!hasEvents && groupState(group) === 'Reconciling' && groupState(paused) === 'Stable') all.push('reconciled');
  return { group: hasEvents ? raised(paused) : paused, events: all, outcome: 'Left' };
}

/** Removes silent members when nobody reports, so that an operator finds the group as empty as it is. */
export function decideExpiry(group: Group, silent: ReadonlySet<string>): Decision {
  const { group: remaining, events } = expire(group, silent);
  return { group: events.length > 0 ? raised(remaining) : group, events, outcome: 'Left' };
}

/** What asks for new targets. */
const RAISING: ReadonlySet<GroupEvent> = new Set<GroupEvent>(['joined', 'changed', 'lost', 'lastLost']);

/** A decision under way: the group epoch is raised once, at its end, whatever happened. */
interface Step {
  readonly group: Group;
  readonly events: readonly GroupEvent[];
}

/** Takes members out, with all they own. */
function expire(group: Group, lost: ReadonlySet<string>): Step {
  const members = group.members.filter(({ memberId }) => !lost.has(memberId));
  if (members.length === group.members.length) return { group, events: [] };
  const owned = group.owned.filter(({ owner }) => !lost.has(owner));
  return { group: { ...group, members, owned }, events: [members.length === 0 ? 'lastLost' : 'lost'] };
}

/** Raises the epoch if something happened, computes targets if they are behind, and moves the reporter as far as it can go. */
function settle({ group, events }: Step, memberId: string, circumstances: Circumstances): Decision {
  let next = events.some((event) => RAISING.has(event)) ? raised(group) : group;
  const all = [...events];
  if (next.groupEpoch > next.assignmentEpoch) {
    const assignor = assignorFor(next, circumstances.assignors);
    next = withoutPausedSurplus(assignTargets(next, assignor, circumstances.partitions));
    all.push('assigned');
  }
  const wasStable = groupState(next) === 'Stable';
  next = reconcile(next, memberId);
  if (!wasStable && groupState(next) === 'Stable') all.push('reconciled');
  return { group: next, events: all, outcome: memberState(next, memberOf(next, memberId)!) };
}

/** G3: moves the member to the target's epoch once it has nothing to give up, and gives it what nobody owns. */
function reconcile(group: Group, memberId: string): Group {
  const member = memberOf(group, memberId)!;
  if (partitionsToRevoke(group, member).length > 0) return group;
  const taken = new Set(group.owned.map(({ partitionId }) => partitionId));
  const claimed = member.target
    .filter((partitionId) => !taken.has(partitionId))
    .map((partitionId) => ({ partitionId, owner: memberId, ownerEpoch: group.assignmentEpoch }));
  const next = claimed.length > 0 ? { ...group, owned: [...group.owned, ...claimed] } : group;
  if (member.memberEpoch === group.assignmentEpoch) return next;
  return replaced(next, { ...member, previousEpoch: member.memberEpoch, memberEpoch: group.assignmentEpoch });
}

/** Frees what the member was to give up and does not hold any more. What it shall own and has not heard of stays its own. */
function confirm(group: Group, member: GroupMember, report: MemberReport): Group {
  const held = new Set(report.held);
  const confirmed = new Set(partitionsToRevoke(group, member).filter((partitionId) => !held.has(partitionId)));
  if (confirmed.size === 0) return group;
  return { ...group, owned: group.owned.filter(({ partitionId }) => !confirmed.has(partitionId)) };
}

/** What a paused member owns and shall own no more is free: it drained everything before it went. */
function withoutPausedSurplus(group: Group): Group {
  const surplus = new Set(
    group.members
      .filter(({ memberEpoch }) => memberEpoch === PAUSED)
      .flatMap((member) => partitionsToRevoke(group, member)),
  );
  if (surplus.size === 0) return group;
  return { ...group, owned: group.owned.filter(({ partitionId }) => !surplus.has(partitionId)) };
}

/** Whose place a static member takes. */
function formerOf(group: Group, { groupInstanceId, memberId }: MemberReport): GroupMember | undefined {
  if (groupInstanceId === null) return undefined;
  return group.members.find((member) => member.groupInstanceId === groupInstanceId && member.memberId !== memberId);
}

function assignorFor(group: Group, assignors: ReadonlyMap<string, Assignor>): Assignor {
  const name = preferredAssignor(group.members);
  const assignor = assignors.get(name);
  if (assignor !== undefined) return assignor;
  throw new PostlogError(
    'UNSUPPORTED_ASSIGNOR',
    `most members of the group ask for the assignor ${name}, which this process does not know; ` +
      'give all consumers of a group the same `assignor`.',
  );
}

function checkReport(group: Group, report: MemberReport): GroupMember {
  const known = memberOf(group, report.memberId);
  if (known === undefined && formerOf(group, report) !== undefined) {
    throw new PostlogError(
      'FENCED_INSTANCE_ID',
      `another consumer has joined as groupInstanceId ${report.groupInstanceId}; give every process a groupInstanceId of its own.`,
    );
  }
  if (known === undefined) {
    throw new PostlogError(
      'UNKNOWN_MEMBER_ID',
      'the member is not in the group any more (its session ran out); it joins again by itself.',
    );
  }
  const mine = new Set(ownedBy(group, report.memberId).map(({ partitionId }) => partitionId));
  const isLostAnswer =
    report.memberEpoch === known.previousEpoch && report.held.every((partitionId) => mine.has(partitionId));
  if (report.memberEpoch !== known.memberEpoch && !isLostAnswer) {
    throw new PostlogError(
      'FENCED_MEMBER_EPOCH',
      `the member is at epoch ${report.memberEpoch}, the group knows it at ${known.memberEpoch}; it joins again by itself.`,
    );
  }
  const held = new Set(report.held);
  const usurped = group.owned.find(({ partitionId, owner }) => owner !== report.memberId && held.has(partitionId));
  if (usurped !== undefined) {
    throw new PostlogError(
      'FENCED_MEMBER_EPOCH',
      `the member holds partition id ${usurped.partitionId}, which another member owns; it joins again by itself.`,
    );
  }
  return known;
}

function replaced(group: Group, member: GroupMember): Group {
  const members = group.members.map((each) => (each.memberId === member.memberId ? member : each));
  return { ...group, members };
}

function raised(group: Group): Group {
  return { ...group, groupEpoch: group.groupEpoch + 1 };
}

function describedBy(report: MemberReport): Omit<GroupMember, 'memberEpoch' | 'previousEpoch' | 'target'> {
  const { memberEpoch: _, held: __, ...described } = report;
  return described;
}

/** Changes that computed targets are no longer right for: its topics, or the assignor that it asks for. */
function isSameSubscription(known: GroupMember, report: MemberReport): boolean {
  return known.assignor === report.assignor && isSameSet(known.topics, report.topics);
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  const known = new Set(a);
  return known.size === new Set(b).size && b.every((each) => known.has(each));
}
