import { PostlogError, type Postlog } from '@postlog/core';

export interface CreateOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor?: number;
  readonly config?: readonly string[];
}

/** @throws PostlogError `TOPIC_ALREADY_EXISTS` */
export async function createTopic(postlog: Postlog, options: CreateOptions): Promise<void> {
  const isNew = await postlog.admin().createTopics({
    topics: [
      {
        topic: options.topic,
        numPartitions: options.partitions,
        ...(options.replicationFactor === undefined ? {} : { replicationFactor: options.replicationFactor }),
        configEntries: (options.config ?? []).map(readConfigEntry),
      },
    ],
  });
  if (!isNew)
    throw new PostlogError(
      'TOPIC_ALREADY_EXISTS',
      `topic ${options.topic} exists already; see "postlog topics describe --topic ${options.topic}".`,
    );
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
