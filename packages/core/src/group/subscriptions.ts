import type { AssignablePartition } from './assignors.js';
import type { Group, MemberReport } from './group.js';
import { matchTopics } from './topic-pattern.js';

/** A group and a report whose patterns are names now, and the partitions that anybody subscribes to. */
export interface ResolvedSubscriptions {
  readonly group: Group;
  readonly report: MemberReport;
  readonly partitions: readonly AssignablePartition[];
}

/**
 * Looks up what everybody's pattern matches, so that a new topic is shared out at once and not member by member. No pattern matches a topic that
 * may not be.
 *
 * @throws PostlogError `INVALID_REGULAR_EXPRESSION` for the reporter's own pattern; a member whose pattern fails keeps what it had.
 */
export function resolveSubscriptions(
  group: Group,
  report: MemberReport,
  partitions: readonly AssignablePartition[],
  mayMatch: (topic: string) => boolean = () => true,
): ResolvedSubscriptions {
  const hasPattern = report.topicPattern !== null || group.members.some(({ topicPattern }) => topicPattern !== null);
  if (!hasPattern) return { group, report, partitions };
  const names = [...new Set(partitions.map(({ topic }) => topic))].filter(mayMatch);
  const matched = new Map<string, readonly string[]>();
  const matchesOf = (pattern: string): readonly string[] => {
    const known = matched.get(pattern) ?? matchTopics(pattern, names);
    matched.set(pattern, known);
    return known;
  };
  const resolved = withMatches(report, report.topicPattern === null ? [] : matchesOf(report.topicPattern));
  const members = group.members.map((member) => {
    if (member.topicPattern === null || member.memberId === report.memberId) return member;
    try {
      return withMatches(member, matchesOf(member.topicPattern));
    } catch {
      return member;
    }
  });
  const subscribed = new Set([...members, resolved].flatMap(({ topics }) => topics));
  return {
    group: { ...group, members },
    report: resolved,
    partitions: partitions.filter(({ topic }) => subscribed.has(topic)),
  };
}

function withMatches<T extends { readonly topics: readonly string[] }>(subscriber: T, matches: readonly string[]): T {
  return { ...subscriber, topics: [...new Set([...subscriber.topics, ...matches])].sort() };
}
