import type { PartitionDescription, TopicDescription } from '@postlog/core';
import { fields } from './table.js';

/** Which partitions are shown, as Kafka's tool filters them. */
export interface PartitionFilter {
  readonly underReplicatedPartitions?: boolean;
  readonly underMinIsrPartitions?: boolean;
  readonly atMinIsrPartitions?: boolean;
  readonly unavailablePartitions?: boolean;
}

/** A header line a topic, then an indented line a partition, in Kafka's own form (rule K64); with a filter the lines of its partitions only. */
export function reportTopics(topics: readonly TopicDescription[], filter: PartitionFilter = {}): string {
  const isFiltered = Object.values(filter).includes(true);
  const lines = topics.flatMap((topic) => [
    ...(isFiltered ? [] : [headerOf(topic)]),
    ...topic.partitions
      .filter((each) => !isFiltered || passes(each, topic, filter))
      .map((each) => lineOf(topic.name, each)),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

/** The topics with the partitions that pass the filter; those without any are left out. */
export function filterTopics(topics: readonly TopicDescription[], filter: PartitionFilter): TopicDescription[] {
  if (!Object.values(filter).includes(true)) return [...topics];
  return topics
    .map((topic) => ({ ...topic, partitions: topic.partitions.filter((each) => passes(each, topic, filter)) }))
    .filter(({ partitions }) => partitions.length > 0);
}

function passes(partition: PartitionDescription, topic: TopicDescription, filter: PartitionFilter): boolean {
  const { isr, leader, offlineReplicas } = partition;
  const wanted = replicationFactorOf(partition);
  const hasLeader = leader !== -1 && !offlineReplicas.includes(leader);
  const minIsr = Math.min(
    Number(topic.configEntries.find(({ name }) => name === 'min.insync.replicas')?.value ?? 1),
    wanted,
  );
  return (
    (filter.underReplicatedPartitions === true && isr.length < wanted) ||
    (filter.underMinIsrPartitions === true && (!hasLeader || isr.length < minIsr)) ||
    (filter.atMinIsrPartitions === true && isr.length === minIsr) ||
    (filter.unavailablePartitions === true && !hasLeader)
  );
}

function headerOf({ name, topicId, partitions, configEntries }: TopicDescription): string {
  return fields([
    ['Topic', name],
    ['TopicId', topicId],
    ['PartitionCount', partitions.length],
    ['ReplicationFactor', partitions[0] === undefined ? 0 : replicationFactorOf(partitions[0])],
    ['Configs', configEntries.map((entry) => `${entry.name}=${entry.value}`).join(',')],
  ]);
}

function lineOf(topic: string, partition: PartitionDescription): string {
  const { addingReplicas = [], removingReplicas = [], elr } = partition;
  const isMoving = addingReplicas.length > 0 || removingReplicas.length > 0;
  const pairs: [string, string | number][] = [
    ['Topic', topic],
    ['Partition', partition.partitionId],
    ['Leader', partition.leader === -1 ? 'none' : partition.leader],
    ['Replicas', partition.replicas.join(',')],
    ['Isr', partition.isr.join(',')],
    ...(isMoving
      ? ([
          ['Adding Replicas', addingReplicas.join(',')],
          ['Removing Replicas', removingReplicas.join(',')],
        ] as [string, string][])
      : []),
    ['Elr', elr === undefined ? 'N/A' : elr.join(',')],
    // Nobody keeps the last known ones: an election among eligible replicas loses nothing, any other is unclean.
    ['LastKnownElr', 'N/A'],
  ];
  return `\t${fields(pairs)}`;
}

/** During a reassignment the replicas to come do not count. */
function replicationFactorOf({ replicas, addingReplicas = [] }: PartitionDescription): number {
  return replicas.length - addingReplicas.length;
}
