import type { BrokerId, PartitionState, TopicState } from '../cluster/cluster-image.js';
import type { StoredImage } from '../cluster/cluster-metadata.js';
import { placeReplicas } from '../cluster/replica-placement.js';
import { addPartitions, createTopic, deleteTopic, type NewPartition } from '../cluster/topic-metadata.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { NewTopic } from '../log/topic.store.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import type { Random } from '../runtime/random.js';
import type { ClusterPartition, ClusterTopic, ClusterTopics } from './cluster.js';

export interface ClusterTopicStoreOptions {
  readonly store: MetadataStore;
  readonly random: Random;
  readonly image: () => StoredImage;
  /** Reads the image anew. */
  readonly refresh: () => Promise<void>;
  readonly announce: () => void;
}

/** Topics of several brokers: the metadata store has them, and replicas are placed on the brokers in service. */
export class ClusterTopicStore implements ClusterTopics {
  readonly #options: ClusterTopicStoreOptions;

  constructor(options: ClusterTopicStoreOptions) {
    this.#options = options;
  }

  async brokerIds(): Promise<readonly BrokerId[]> {
    return (await this.#active()).map(({ brokerId }) => brokerId);
  }

  async list(): Promise<string[]> {
    return [...(await this.#image()).topics.keys()].sort();
  }

  async describe(topics: readonly string[] | null): Promise<ClusterTopic[]> {
    const image = await this.#image();
    const inService = new Set(
      [...image.brokers.values()].filter(({ state }) => state !== 'fenced').map(({ brokerId }) => brokerId),
    );
    const names = topics ?? [...image.topics.keys()].sort();
    return names.flatMap((name) => {
      const topic = image.topics.get(name);
      return topic === undefined ? [] : [describe(topic, inService)];
    });
  }

  async create({ topic, partitionCount, replicationFactor, config }: NewTopic): Promise<boolean> {
    const { store, random, refresh } = this.#options;
    const brokers = await this.#active();
    const placed = placeReplicas({ partitions: partitionCount, replicationFactor, brokers, random: random.next });
    try {
      await createTopic(
        store,
        { topic, config, replicationFactor, partitions: placed.map(newPartition(0)) },
        { random },
      );
      return true;
    } catch (error) {
      if (error instanceof PostlogError && error.code === 'TOPIC_ALREADY_EXISTS') return false;
      throw error;
    } finally {
      await refresh().catch(() => {}); // The next look finds it too.
    }
  }

  async addPartitions(topic: string, partitionCount: number): Promise<number | undefined> {
    const { store, random, refresh } = this.#options;
    const brokers = await this.#active();
    let oldCount: number | undefined;
    try {
      await addPartitions(store, topic, ({ partitions, replicationFactor }) => {
        oldCount = partitions.length;
        if (partitionCount <= oldCount) return [];
        const existing = partitions.map(({ replicas }) => replicas);
        const wanted = { partitions: partitionCount - oldCount, replicationFactor, brokers, existing };
        return placeReplicas({ ...wanted, random: random.next }).map(newPartition(oldCount));
      });
    } catch (error) {
      if (!(error instanceof PostlogError) || error.code !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
    }
    await refresh();
    return oldCount;
  }

  async delete(topic: string): Promise<boolean> {
    const existed = await deleteTopic(this.#options.store, topic);
    await this.#options.refresh();
    return existed;
  }

  announce(): void {
    this.#options.announce();
  }

  async #image(): Promise<StoredImage> {
    await this.#options.refresh();
    return this.#options.image();
  }

  async #active() {
    return [...(await this.#image()).brokers.values()].filter(({ state }) => state === 'active');
  }
}

function newPartition(first: number): (replicas: readonly BrokerId[], index: number) => NewPartition {
  return (replicas, index) => ({
    partition: first + index,
    replicas,
    isr: replicas,
    addingReplicas: [],
    removingReplicas: [],
    elr: [],
    leader: replicas[0]!,
    leaderEpoch: 0,
    partitionEpoch: 0,
    isRecovering: false,
  });
}

function describe({ topic, topicId, config, partitions }: TopicState, inService: ReadonlySet<BrokerId>): ClusterTopic {
  const described = partitions.map(
    ({ partition, partitionId, leader, leaderEpoch, replicas, isr }: PartitionState): ClusterPartition => ({
      topic,
      partition,
      partitionId,
      leader,
      leaderEpoch,
      replicas,
      isr,
      offlineReplicas: replicas.filter((broker) => !inService.has(broker)),
    }),
  );
  return { topic, topicId, config, partitions: described };
}
