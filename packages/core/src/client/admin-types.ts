import type { ClusterAdmin } from './cluster-admin-types.js';
import type { GroupAdmin } from './group-admin-types.js';

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
}

export interface TopicSpec {
  readonly topic: string;
  /** [1] */
  readonly numPartitions?: number;
  /** At most the number of brokers [3, or as many as there are]. With 3 and more `min.insync.replicas` is 2 unless it is given. */
  readonly replicationFactor?: number;
  readonly configEntries?: readonly ConfigEntry[];
}

export interface PartitionDescription {
  readonly partitionId: number;
  /** -1: nobody leads it now. */
  readonly leader: number;
  readonly leaderEpoch: number;
  /** In the order of assignment; the first is the preferred leader. */
  readonly replicas: number[];
  readonly isr: number[];
  /** Replicas whose broker is out of service. */
  readonly offlineReplicas: number[];
  /** In a cluster: replicas that left the in-sync ones while these were too few, and have every acknowledged record (rule D29). */
  readonly elr?: number[];
  /** In a cluster: replicas on their way in or out. */
  readonly addingReplicas?: number[];
  readonly removingReplicas?: number[];
}

export interface TopicDescription {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: PartitionDescription[];
  readonly configEntries: ConfigEntry[];
}

export interface TopicOffsets {
  readonly partition: number;
  /** The high watermark: what the next ordinary record will get on one broker. */
  readonly offset: string;
  readonly high: string;
  /** The log start. */
  readonly low: string;
}

/** Creates, lists and describes topics, reads offsets, steers groups (KafkaJS's `Admin`). */
export interface Admin extends GroupAdmin, ClusterAdmin {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Resolves to `false` when every topic existed already, as KafkaJS does. */
  createTopics(options: { readonly topics: readonly TopicSpec[]; readonly validateOnly?: boolean }): Promise<boolean>;
  /**
   * Raises the number of partitions of topics to `count` in all, never lowers it. From then on keys may go to other
   * partitions than before; running consumers notice the new ones.
   *
   * @throws PostlogError `INVALID_PARTITIONS`, `UNKNOWN_TOPIC_OR_PARTITION`; before any effect where it can be known.
   */
  createPartitions(options: {
    readonly topicPartitions: readonly { readonly topic: string; readonly count: number }[];
    readonly validateOnly?: boolean;
  }): Promise<boolean>;
  deleteTopics(options: { readonly topics: readonly string[] }): Promise<void>;
  listTopics(): Promise<string[]>;
  fetchTopicMetadata(options?: { readonly topics?: readonly string[] }): Promise<{ topics: TopicDescription[] }>;
  fetchTopicOffsets(topic: string): Promise<TopicOffsets[]>;
  /** Of each partition the first record that is not older than `timestamp` [milliseconds]; the end where all are (rule G49). */
  fetchTopicOffsetsByTimestamp(
    topic: string,
    timestamp: number,
  ): Promise<{ readonly partition: number; readonly offset: string }[]>;
  /** Moves the log start of partitions forward: records before it are gone. */
  deleteTopicRecords(options: {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }): Promise<void>;
}
