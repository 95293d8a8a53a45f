import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';

/**
 * How many partitions of a topic share a chain of segment tables (docs/adr/0001).
 */
export const PARTITIONS_PER_CHAIN = 100;

export interface NewTopic {
  readonly topic: string;
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** What differs from the defaults, by Kafka's names. */
  readonly config: Readonly<Record<string, string>>;
}

/** A partition as one row tells it. */
export interface StoredPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly config: Readonly<Record<string, string>>;
  readonly partition: number;
  /** The number that names it inside this broker. */
  readonly partitionId: number;
  readonly brokerId: number;
  readonly leaderEpoch: number;
}

const CREATE_TOPIC: Statement = {
  name: 'create_topic',
  text: /* sql */ `select postlog.create_topic_v1($1, $2, $3, $4, $5) as topic_id`,
};

const ADD_PARTITIONS: Statement = {
  name: 'add_partitions',
  text: /* sql */ `select postlog.add_partitions_v1($1, $2, $3) as old_count`,
};

const DELETE_TOPIC: Statement = {
  name: 'delete_topic',
  text: /* sql */ `select postlog.delete_topic_v1($1) as existed`,
};

const LIST_TOPICS: Statement = {
  name: 'list_topics',
  text: /* sql */ `select topic from postlog.topic order by topic`,
};

const DESCRIBE_TOPICS: Statement = {
  name: 'describe_topics',
  text: /* sql */ `
    select t.topic, t.topic_id, t.config, p.partition, p.partition_id, r.leader_id as broker_id, r.leader_epoch
      from postlog.topic t
      join postlog.topic_partition p using (topic_id)
      join postlog.replica r using (partition_id)
     where $1::text[] is null or t.topic = any ($1)
     order by t.topic, p.partition`,
};

/** Creates a topic; answers false when the name is taken. */
export async function createTopic(database: Database, topic: NewTopic): Promise<boolean> {
  const { topic_id } = await database.one<{ topic_id: string | null }>(CREATE_TOPIC, [
    topic.topic,
    topic.partitionCount,
    topic.replicationFactor,
    JSON.stringify(topic.config),
    PARTITIONS_PER_CHAIN,
  ]);
  return topic_id !== null;
}

/** Raises the number of partitions; answers how many there were, or undefined when there is no such topic. */
export async function addPartitions(
  database: Database,
  topic: string,
  partitionCount: number,
): Promise<number | undefined> {
  const { old_count } = await database.one<{ old_count: number | null }>(ADD_PARTITIONS, [
    topic,
    partitionCount,
    PARTITIONS_PER_CHAIN,
  ]);
  return old_count ?? undefined;
}

/** Deletes a topic; answers false when there was none. Its tables go a little later. */
export async function deleteTopic(database: Database, topic: string): Promise<boolean> {
  return (await database.one<{ existed: boolean }>(DELETE_TOPIC, [topic])).existed;
}

export async function listTopics(database: Database): Promise<string[]> {
  return (await database.query<{ topic: string }>(LIST_TOPICS)).map(({ topic }) => topic);
}

/** The partitions of the named topics, or of all; topics that do not exist are left out. */
export async function describeTopics(database: Database, topics: readonly string[] | null): Promise<StoredPartition[]> {
  const rows = await database.query<DescribeRow>(DESCRIBE_TOPICS, [topics]);
  return rows.map((row) => ({
    topic: row.topic,
    topicId: row.topic_id,
    config: row.config,
    partition: row.partition,
    partitionId: row.partition_id,
    brokerId: row.broker_id,
    leaderEpoch: row.leader_epoch,
  }));
}

interface DescribeRow {
  readonly topic: string;
  readonly topic_id: string;
  readonly config: Record<string, string>;
  readonly partition: number;
  readonly partition_id: number;
  readonly broker_id: number;
  readonly leader_epoch: number;
}
