import { PostlogError } from '../errors/postlog-error.js';
import { ERROR_CODES } from '../errors/error-code.js';
import type { Broker } from '../broker/broker.js';
import { advanceLogStart, logEnds } from '../log/log.store.js';
import {
  addPartitions,
  createTopic,
  deleteTopic,
  describeTopics,
  listTopics,
  type NewTopic,
  type StoredPartition,
} from '../log/topic.store.js';
import { checkMinInsyncReplicas, checkPartitionCount, checkReplicationFactor } from '../record/check-topic.js';
import { parseOffset } from '../record/offset.js';
import { checkTopicConfig, resolveTopicConfig } from '../record/topic-config.js';
import { checkTopicName } from '../record/topic-name.js';
import type { Admin, TopicDescription, TopicOffsets, TopicSpec } from './admin-types.js';
import { checkInteger, checkOptions, invalid } from './check-options.js';
import { LogGroupAdmin } from './group-admin.js';
import type { MetadataCache } from './metadata-cache.js';
import { findStart } from './start-position.js';

/** With one Postgres there is one broker. */
const BROKERS = 1;
/** advance_log_start waits 50 ms for a lock at a time, so that it never holds up appends. */
const LOCK_ATTEMPTS = 40;

/** @see Admin */
export class LogAdmin extends LogGroupAdmin implements Admin {
  readonly #broker: Broker;
  readonly #metadata: MetadataCache;

  constructor(broker: Broker, metadata: MetadataCache) {
    super(broker, metadata);
    this.#broker = broker;
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
    const checked = (topics as readonly TopicSpec[]).map(checkTopic);
    if (validateOnly) return true;
    let hasCreated = false;
    for (const topic of checked) {
      if (await createTopic(this.#broker.database, this.#broker.brokerId, topic)) hasCreated = true;
      this.#metadata.forget(topic.topic);
    }
    if (hasCreated) this.#broker.announceTopics();
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
      const oldCount = await addPartitions(this.#broker.database, this.#broker.brokerId, topic, count);
      this.#metadata.forget(topic);
      if (oldCount === undefined) throw unknownTopic(topic);
      demandMore(topic, oldCount, count);
    }
    this.#broker.announceTopics();
    return true;
  }

  async deleteTopics({ topics }: { readonly topics: readonly string[] }): Promise<void> {
    const names = topics.map(checkTopicName);
    for (const name of names) {
      const existed = await deleteTopic(this.#broker.database, name);
      this.#metadata.forget(name);
      if (!existed)
        throw new PostlogError(
          'UNKNOWN_TOPIC_OR_PARTITION',
          `topic ${name} does not exist; listTopics() shows those that do.`,
        );
    }
    this.#broker.announceTopics();
  }

  listTopics(): Promise<string[]> {
    return listTopics(this.#broker.database);
  }

  async fetchTopicMetadata({ topics }: { readonly topics?: readonly string[] } = {}): Promise<{
    topics: TopicDescription[];
  }> {
    const names = topics?.map(checkTopicName);
    const partitions = await describeTopics(this.#broker.database, names ?? null);
    const described = groupByTopic(partitions);
    for (const name of names ?? []) if (!described.has(name)) throw unknownTopic(name);
    return { topics: [...described.values()].map(describe) };
  }

  async fetchTopicOffsets(topic: string): Promise<TopicOffsets[]> {
    const { partitions } = await this.#topic(topic);
    const ends = new Map(
      (
        await logEnds(
          this.#broker.database,
          partitions.map((p) => p.partitionId),
        )
      ).map((each) => [each.partitionId, each]),
    );
    return partitions.map(({ partition, partitionId }) => {
      const end = ends.get(partitionId);
      const high = String(end?.logEndOffset ?? -1n);
      return { partition, offset: high, high, low: String(end?.logStartOffset ?? -1n) };
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
        offset: String(await findStart(this.#broker.database, place, { timestamp: checked })),
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
      const { error } = await this.#withPatience(() => advanceLogStart(this.#broker.database, stored.partitionId, to));
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
        await this.#broker.clock.sleep(20);
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

function checkTopic(spec: TopicSpec): NewTopic {
  const given = checkOptions(spec, ['topic', 'numPartitions', 'replicationFactor', 'configEntries'], 'createTopics()');
  const config = checkTopicConfig(given.configEntries ?? []);
  const replicationFactor = checkReplicationFactor(
    given.replicationFactor === undefined ? 1 : given.replicationFactor,
    BROKERS,
  );
  checkMinInsyncReplicas(resolveTopicConfig(config).minInsyncReplicas, replicationFactor);
  return {
    topic: checkTopicName(given.topic),
    partitionCount: checkPartitionCount(given.numPartitions === undefined ? 1 : given.numPartitions),
    replicationFactor,
    config: Object.fromEntries(config),
  };
}

function groupByTopic(partitions: readonly StoredPartition[]): Map<string, StoredPartition[]> {
  const topics = new Map<string, StoredPartition[]>();
  for (const partition of partitions) topics.set(partition.topic, [...(topics.get(partition.topic) ?? []), partition]);
  return topics;
}

function describe(partitions: readonly StoredPartition[]): TopicDescription {
  const { topic, topicId, config } = partitions[0]!;
  return {
    name: topic,
    topicId,
    configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
    partitions: partitions.map(({ partition, brokerId, leaderEpoch }) => ({
      partitionId: partition,
      leader: brokerId,
      leaderEpoch,
      replicas: [brokerId],
      isr: [brokerId],
    })),
  };
}

function unknownTopic(name: string): PostlogError {
  return new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${name} does not exist; create it with createTopics().`);
}
