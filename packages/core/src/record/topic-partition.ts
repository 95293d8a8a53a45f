/** One partition of one topic, by name. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A key for maps; a topic's name cannot hold a colon (`topic-name.ts`). */
export function topicPartitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}
