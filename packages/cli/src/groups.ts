import type { Admin, GroupDescription, ResetPartition } from '@postlog/core';
import { table } from './table.js';

/** What Kafka's tools print where there is nothing to say. */
const NOTHING = '-';

/** How far a group is in each partition that it committed in or owns, and who owns it (rule K65). */
export async function describeOffsets(admin: Admin, group: GroupDescription): Promise<string> {
  const { groupId, members } = group;
  const committed = await admin.fetchOffsets({ groupId });
  const topics = new Set([
    ...committed.map(({ topic }) => topic),
    ...members.flatMap(({ owned }) => owned.map(({ topic }) => topic)),
  ]);
  const rows: (string | number)[][] = [];
  for (const topic of [...topics].sort((a, b) => (a < b ? -1 : 1))) {
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, high]));
    for (const { partition, offset, lag } of offsets?.partitions ?? []) {
      const hasCommitted = offset !== '-1';
      const owner = members.find(({ owned }) =>
        owned.some((each) => each.topic === topic && each.partitions.includes(partition)),
      );
      if (!hasCommitted && owner === undefined) continue;
      rows.push([
        groupId,
        topic,
        partition,
        hasCommitted ? offset : NOTHING,
        ends.get(partition) ?? NOTHING,
        lag,
        owner?.memberId ?? NOTHING,
        owner?.clientHost ?? NOTHING,
        owner?.clientId ?? NOTHING,
      ]);
    }
  }
  return table(
    ['GROUP', 'TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG', 'CONSUMER-ID', 'HOST', 'CLIENT-ID'],
    rows,
  );
}

export function describeState({ groupId, protocol, state, members, groupEpoch, assignmentEpoch }: GroupDescription) {
  return table(
    ['GROUP', 'ASSIGNMENT-STRATEGY', 'STATE', 'GROUP-EPOCH', 'TARGET-EPOCH', '#MEMBERS'],
    [[groupId, protocol || NOTHING, state, groupEpoch, assignmentEpoch, members.length]],
  );
}

export function describeMembers({ groupId, members }: GroupDescription): string {
  const named = (owned: GroupDescription['members'][number]['owned']) =>
    owned.map(({ topic, partitions }) => `${topic}(${partitions.join(',')})`).join(' ') || NOTHING;
  return table(
    ['GROUP', 'CONSUMER-ID', 'GROUP-INSTANCE-ID', 'HOST', 'CLIENT-ID', 'EPOCH', 'STATE', 'OWNS', 'AWAITS'],
    members.map((member) => [
      groupId,
      member.memberId,
      member.groupInstanceId ?? NOTHING,
      member.clientHost,
      member.clientId,
      member.memberEpoch,
      member.state,
      named(member.owned),
      named(member.awaited),
    ]),
  );
}

export function describeReset(groupId: string, topic: string, partitions: readonly ResetPartition[]): string {
  return table(
    ['GROUP', 'TOPIC', 'PARTITION', 'OLD-OFFSET', 'NEW-OFFSET'],
    partitions.map(({ partition, offset, previousOffset }) => [
      groupId,
      topic,
      partition,
      previousOffset === '-1' ? NOTHING : previousOffset,
      offset,
    ]),
  );
}
