import type { AssignablePartition } from './assignors.js';
import { decide, type Circumstances, type Decision } from './group-decisions.js';
import type { Group, MemberReport } from './group.js';
import { memberOf, ownedBy } from './group-state.js';
import { BUILT_IN_ASSIGNORS } from './built-in-assignors.js';

/** What the specs of the pure files share: groups as values, members that report as a consumer would. */
export const NO_GROUP: Group = { groupEpoch: 0, assignmentEpoch: 0, members: [], owned: [] };

/** Partitions of topics; their numbers run on from `first`. */
export function partitionsOf(counts: Readonly<Record<string, number>>, first = 1): AssignablePartition[] {
  let partitionId = first;
  return Object.entries(counts).flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition, partitionId: partitionId++ })),
  );
}

export function circumstances(given: Partial<Circumstances> = {}): Circumstances {
  return {
    assignors: BUILT_IN_ASSIGNORS,
    partitions: partitionsOf({ t: 4 }),
    haveTopicsChanged: false,
    silent: new Set(),
    late: new Set(),
    ...given,
  };
}

export function report(
  memberId: string,
  memberEpoch: number,
  held: readonly number[] = [],
  topics: readonly string[] = ['t'],
  given: Partial<MemberReport> = {},
): MemberReport {
  return {
    memberId,
    memberEpoch,
    held,
    topics,
    clientId: 'c',
    host: 'h',
    sessionTimeoutMs: 1_000,
    rebalanceTimeoutMs: 1_000,
    groupInstanceId: null,
    topicPattern: null,
    assignor: 'uniform',
    ...given,
  };
}

/** The numbers of what a member owns. */
export function idsOf(group: Group, memberId: string): number[] {
  return ownedBy(group, memberId)
    .map(({ partitionId }) => partitionId)
    .sort((a, b) => a - b);
}

/** The member reports as it should: its epoch, and of what it owns only what it may keep. */
export function obey(group: Group, memberId: string, given: Partial<Circumstances> = {}): Decision {
  const { memberEpoch, target, topics } = memberOf(group, memberId)!;
  const held = idsOf(group, memberId).filter((partitionId) => target.includes(partitionId));
  return decide(group, report(memberId, memberEpoch, held, topics), circumstances(given));
}

/** Members join one after the other; then all report until nothing moves any more. */
export function settledGroup(...memberIds: readonly string[]): Group {
  let group = NO_GROUP;
  for (const memberId of memberIds) group = decide(group, report(memberId, 0), circumstances()).group;
  for (let round = 0; round < 3; round++) for (const memberId of memberIds) group = obey(group, memberId).group;
  return group;
}
