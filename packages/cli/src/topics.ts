import type { Postlog, TopicDescription } from '@postlog/core';
import { PostlogError } from '@postlog/core';
import { fields } from './table.js';

export interface CreateOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: readonly string[];
}

/** Prints `Created topic NAME.`, as Kafka's tool does. @throws PostlogError `TOPIC_ALREADY_EXISTS` */
export async function createTopic(postlog: Postlog, options: CreateOptions): Promise<string> {
  const isNew = await postlog.admin().createTopics({
    topics: [
      {
        topic: options.topic,
        numPartitions: options.partitions,
        replicationFactor: options.replicationFactor,
        configEntries: options.config.map(readConfigEntry),
      },
    ],
  });
  if (!isNew)
    throw new PostlogError(
      'TOPIC_ALREADY_EXISTS',
      `topic ${options.topic} exists already; see "postlog topics describe --topic ${options.topic}".`,
    );
  return `Created topic ${options.topic}.`;
}

/** A header line a topic, then an indented line a partition, in Kafka's own form (rule 64). */
export function describeTopic({ name, topicId, partitions, configEntries }: TopicDescription): string {
  const header = fields([
    ['Topic', name],
    ['TopicId', topicId],
    ['PartitionCount', partitions.length],
    ['ReplicationFactor', partitions[0]?.replicas.length ?? 0],
    ['Configs', configEntries.map((entry) => `${entry.name}=${entry.value}`).join(',')],
  ]);
  const lines = partitions.map(
    (partition) =>
      `\t${fields([
        ['Topic', name],
        ['Partition', partition.partitionId],
        ['Leader', partition.leader],
        ['Replicas', partition.replicas.join(',')],
        ['Isr', partition.isr.join(',')],
        ['Elr', 'N/A'],
        ['LastKnownElr', 'N/A'],
      ])}`,
  );
  return [header, ...lines].join('\n');
}

/** `retention.ms=1000` */
function readConfigEntry(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  if (at < 1)
    throw new PostlogError(
      'INVALID_CONFIG',
      `--config ${JSON.stringify(text.slice(0, 60))} is not of the form name=value.`,
    );
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}
