import { PostlogError } from '../errors/postlog-error.js';
import { ERROR_CODES } from '../errors/error-code.js';
import type { NewTopic } from '../log/topic.store.js';
import { checkMinInsyncReplicas, checkPartitionCount, checkReplicationFactor } from '../record/check-topic.js';
import { parseOffset } from '../record/offset.js';
import { checkTopicConfig, resolveTopicConfig } from '../record/topic-config.js';
import { checkTopicName } from '../record/topic-name.js';
import type { Admin, PartitionDescription, TopicDescription, TopicOffsets, TopicSpec } from './admin-types.js';
import { checkInteger, checkOptions, invalid } from './check-options.js';
import type { Cluster, ClusterPartition, ClusterTopic } from './cluster.js';
import { LogClusterAdmin } from './cluster-admin.js';
import { demandLogEnds } from './log-ends.js';
import type { MetadataCache } from './metadata-cache.js';
import { findStart } from './start-position.js';
import { withReplication } from './topic-defaults.js';

/** As Kafka writes it. */
const NO_LEADER = -1;
/** advance_log_start waits 50 ms for a lock at a time, so that it never holds up appends. */
const LOCK_ATTEMPTS = 40;

/** @see Admin */
export class LogAdmin extends LogClusterAdmin implements Admin {
  readonly #cluster: Cluster;
  readonly #metadata: MetadataCache;

  constructor(cluster: Cluster, metadata: MetadataCache) {
    super(cluster, metadata);
    this.#cluster = cluster;
    this.#metadata = metadata;
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
  }

  async createTopics(options: {
    readonly topics: readonly TopicSpec[];
    readonly validateOnly?: boolean;
  }): Promise<boolean> {
    const { topics, validateOnly = false } = checkOptions(options, ['topics', 'validateOnly'], 'createTopics()');
    if (!Array.isArray(topics)) throw invalid('createTopics() takes topics: an array of { topic, numPartitions, … }');
    const brokers = (await this.#cluster.topics.brokerIds()).length;
    const checked = (topics as readonly TopicSpec[]).map((topic) => checkTopic(topic, brokers));
    if (validateOnly) return true;
    let hasCreated = false;
    for (const topic of checked) {
      if (await this.#cluster.topics.create(topic)) hasCreated = true;
      this.#metadata.forget(topic.topic);
    }
    if (hasCreated) this.#cluster.topics.announce();
    return hasCreated;
  }

  async createPartitions(options: {
    readonly topicPartitions: readonly { readonly topic: string; readonly count: number }[];
    readonly validateOnly?: boolean;
  }): Promise<boolean> {
    const known = ['topicPartitions', 'validateOnly'];
    const { topicPartitions, validateOnly = false } = checkOptions(options, known, 'createPartitions()');
    if (!Array.isArray(topicPartitions))
      throw invalid('createPartitions() takes topicPartitions: an array of { topic, count }');
    const wanted = (topicPartitions as readonly { topic: string; count: number }[]).map((each) => {
      const { topic, count } = checkOptions(each, ['topic', 'count'], 'createPartitions()');
      return { topic: checkTopicName(topic), count: checkPartitionCount(count, 'count') };
    });
    for (const { topic, count } of wanted) {
      const { partitions } = await this.#topic(topic);
      demandMore(topic, partitions.length, count);
    }
    if (validateOnly) return true;
    for (const { topic, count } of wanted) {
      const oldCount = await this.#cluster.topics.addPartitions(topic, count);
      this.#metadata.forget(topic);
      if (oldCount === undefined) throw unknownTopic(topic);
      demandMore(topic, oldCount, count);
    }
    this.#cluster.topics.announce();
    return true;
  }

  async deleteTopics({ topics }: { readonly topics: readonly string[] }): Promise<void> {
    const names = topics.map(checkTopicName);
    for (const name of names) {
      const existed = await this.#cluster.topics.delete(name);
      this.#metadata.forget(name);
      if (!existed)
        throw new PostlogError(
          'UNKNOWN_TOPIC_OR_PARTITION',
          `topic ${name} does not exist; listTopics() shows those that do.`,
        );
    }
    this.#cluster.topics.announce();
  }

  listTopics(): Promise<string[]> {
    return this.#cluster.topics.list();
  }

  async fetchTopicMetadata({ topics }: { readonly topics?: readonly string[] } = {}): Promise<{
    topics: TopicDescription[];
  }> {
    const names = topics?.map(checkTopicName);
    const described = await this.#cluster.topics.describe(names ?? null);
    const known = new Set(described.map(({ topic }) => topic));
    for (const name of names ?? []) if (!known.has(name)) throw unknownTopic(name);
    return { topics: described.map(describe) };
  }

  async fetchTopicOffsets(topic: string): Promise<TopicOffsets[]> {
    const { partitions } = await this.#topic(topic);
    const ends = await demandLogEnds(this.#cluster, partitions);
    return partitions.map(({ partition, partitionId }) => {
      const { logStartOffset, highWatermark } = ends.get(partitionId)!;
      const high = String(highWatermark);
      return { partition, offset: high, high, low: String(logStartOffset) };
    });
  }

  async fetchTopicOffsetsByTimestamp(
    topic: string,
    timestamp: number,
  ): Promise<{ readonly partition: number; readonly offset: string }[]> {
    const checked = checkInteger(timestamp, 'timestamp', { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
    const { partitions } = await this.#topic(topic);
    return Promise.all(
      partitions.map(async (place) => ({
        partition: place.partition,
        offset: String(await findStart(this.#cluster, place, { timestamp: checked })),
      })),
    );
  }

  async deleteTopicRecords(options: {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }): Promise<void> {
    const { topic, partitions } = checkOptions(options, ['topic', 'partitions'], 'deleteTopicRecords()');
    const known = await this.#topic(topic);
    const moves = partitions.map(({ partition, offset }) => {
      const stored = known.partitions[partition];
      if (stored === undefined)
        throw new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `${topic} has no partition ${String(partition)}.`);
      return { stored, to: parseOffset(offset) };
    });
    for (const { stored, to } of moves) {
      const { broker } = await this.#cluster.leaderOf(stored);
      const { error } = await this.#withPatience(() => broker.log.advanceStart(stored.partitionId, to));
      if (error !== undefined)
        throw new PostlogError(
          error,
          `the log start of ${topic}-${stored.partition} cannot move to ${to}; give an offset up to its log end.`,
        );
    }
  }

  async #topic(topic: unknown) {
    const name = checkTopicName(topic);
    this.#metadata.forget(name);
    return this.#metadata.get(name);
  }

  async #withPatience<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const isBusy = error instanceof PostlogError && ERROR_CODES[error.code] === ERROR_CODES.KAFKA_STORAGE_ERROR;
        if (!isBusy || attempt >= LOCK_ATTEMPTS) throw error;
        await this.#cluster.clock.sleep(20);
      }
    }
  }
}

/** Keys are spread over the number of partitions, so that number never falls. */
function demandMore(topic: string, has: number, wanted: number): void {
  if (wanted > has) return;
  throw new PostlogError(
    'INVALID_PARTITIONS',
    `topic ${topic} has ${has} ${has === 1 ? 'partition' : 'partitions'}; count is the new total, give more than that.`,
  );
}

function checkTopic(spec: TopicSpec, brokers: number): NewTopic {
  const given = checkOptions(spec, ['topic', 'numPartitions', 'replicationFactor', 'configEntries'], 'createTopics()');
  const wanted = { replicationFactor: given.replicationFactor, config: checkTopicConfig(given.configEntries ?? []) };
  if (wanted.replicationFactor !== undefined) checkReplicationFactor(wanted.replicationFactor, brokers);
  const { replicationFactor, config } = withReplication(wanted, brokers);
  checkMinInsyncReplicas(resolveTopicConfig(config).minInsyncReplicas, replicationFactor);
  return {
    topic: checkTopicName(given.topic),
    partitionCount: checkPartitionCount(given.numPartitions === undefined ? 1 : given.numPartitions),
    replicationFactor,
    config: Object.fromEntries(config),
  };
}

function describe({ topic, topicId, config, partitions }: ClusterTopic): TopicDescription {
  return {
    name: topic,
    topicId,
    configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
    partitions: partitions.map(describePartition),
  };
}

function describePartition(partition: ClusterPartition): PartitionDescription {
  const { leader, leaderEpoch, replicas, isr, offlineReplicas, elr, addingReplicas, removingReplicas } = partition;
  return {
    partitionId: partition.partition,
    leader: leader ?? NO_LEADER,
    leaderEpoch,
    replicas: [...replicas],
    isr: [...isr],
    offlineReplicas: [...offlineReplicas],
    ...(elr === undefined ? {} : { elr: [...elr] }),
    ...(addingReplicas === undefined ? {} : { addingReplicas: [...addingReplicas] }),
    ...(removingReplicas === undefined ? {} : { removingReplicas: [...removingReplicas] }),
  };
}

function unknownTopic(name: string): PostlogError {
  return new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${name} does not exist; create it with createTopics().`);
}
