import type { Broker } from '../broker/broker.js';
import type { BrokerId, TopicState } from '../cluster/cluster-image.js';
import type { StoredImage } from '../cluster/cluster-metadata.js';
import { placeReplicas } from '../cluster/replica-placement.js';
import { addPartitions, createTopic, deleteTopic, type NewPartition } from '../cluster/topic-metadata.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { NewTopic } from '../log/topic.store.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import type { ClusterView } from './cluster-view.js';
import type { Cluster, ClusterTopic, ClusterTopics } from './cluster.js';
import { describePartition } from './image-leaders.js';
import { logEndsOf } from './log-ends.js';

export interface MultiBrokerTopicsOptions {
  readonly cluster: Cluster;
  readonly store: MetadataStore;
  readonly view: ClusterView;
  readonly attached: ReadonlyMap<BrokerId, Broker>;
}

/** How long who made partitions waits for their leaders to take them over; after that whoever sends to them repeats. */
const LED_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;

/** Topics as the metadata store has them. */
export class MultiBrokerTopics implements ClusterTopics {
  readonly #options: MultiBrokerTopicsOptions;

  constructor(options: MultiBrokerTopicsOptions) {
    this.#options = options;
  }

  async brokerIds(): Promise<readonly BrokerId[]> {
    return [...(await this.#options.view.refresh()).brokers.keys()];
  }

  async list(): Promise<string[]> {
    return [...(await this.#options.view.refresh()).topics.keys()].sort();
  }

  async describe(topics: readonly string[] | null): Promise<ClusterTopic[]> {
    const image = await this.#read(topics);
    const states =
      topics === null ? [...image.topics.values()] : topics.flatMap((topic) => image.topics.get(topic) ?? []);
    return states
      .sort((a, b) => (a.topic < b.topic ? -1 : 1))
      .map(({ topic, topicId, config, partitions }) => ({
        topic,
        topicId,
        config,
        partitions: partitions.map((state) => describePartition(topic, state, image.brokers)),
      }));
  }

  async create({ topic, partitionCount, replicationFactor, config }: NewTopic): Promise<boolean> {
    const { store, cluster, view } = this.#options;
    const image = await view.refresh();
    if (image.topics.has(topic)) return false;
    const partitions = this.#place(image, { count: partitionCount, replicationFactor });
    try {
      await createTopic(store, { topic, config, replicationFactor, partitions }, { random: cluster.random });
    } catch (error) {
      if (error instanceof PostlogError && error.code === 'TOPIC_ALREADY_EXISTS') return false;
      throw error;
    }
    await this.#untilLed(topic);
    return true;
  }

  async addPartitions(topic: string, partitionCount: number): Promise<number | undefined> {
    const { store, view } = this.#options;
    const image = await view.refresh();
    if (!image.topics.has(topic)) return undefined;
    let oldCount = 0;
    await addPartitions(store, topic, (found) => {
      oldCount = found.partitions.length;
      const { replicationFactor } = found;
      return this.#place(image, { count: partitionCount - oldCount, replicationFactor, before: found });
    });
    await this.#untilLed(topic);
    return oldCount;
  }

  async delete(topic: string): Promise<boolean> {
    const existed = await deleteTopic(this.#options.store, topic);
    await this.#options.view.refresh();
    return existed;
  }

  announce(): void {
    for (const broker of this.#options.attached.values()) broker.announceTopics();
  }

  /** The newest image; while the store is away the one that is known, if all that is asked for is in it. */
  async #read(topics: readonly string[] | null): Promise<StoredImage> {
    const { view } = this.#options;
    try {
      return await view.refresh();
    } catch (error) {
      const { image } = view;
      if (image === undefined || topics?.every((topic) => image.topics.has(topic)) !== true) throw error;
      return image;
    }
  }

  /** New partitions, spread over the brokers in service (rule D34). @throws PostlogError `INVALID_REPLICATION_FACTOR` */
  #place(
    image: StoredImage,
    wanted: { readonly count: number; readonly replicationFactor: number; readonly before?: TopicState },
  ): NewPartition[] {
    if (wanted.count <= 0) return [];
    const existing = wanted.before?.partitions ?? [];
    const placed = placeReplicas({
      partitions: wanted.count,
      replicationFactor: wanted.replicationFactor,
      brokers: [...image.brokers.values()].filter(({ state }) => state === 'active'),
      existing: existing.map(({ replicas }) => replicas),
      random: this.#options.cluster.random.next,
    });
    return placed.map((replicas, index) => ({
      partition: existing.length + index,
      replicas,
      addingReplicas: [],
      removingReplicas: [],
      isr: replicas,
      elr: [],
      leader: replicas[0]!,
      leaderEpoch: 0,
      partitionEpoch: 0,
      isRecovering: false,
    }));
  }

  /** Brokers follow the store at their own pace: what was made can be used a moment later. */
  async #untilLed(topic: string): Promise<void> {
    const { cluster, view } = this.#options;
    const deadline = cluster.clock.monotonic() + LED_WITHIN_MS;
    await view.refresh();
    for (let isLed = false; !isLed && cluster.clock.monotonic() < deadline;) {
      await cluster.clock.sleep(LOOK_EVERY_MS);
      const places = (view.image?.topics.get(topic)?.partitions ?? []).map((state) => ({ ...state, topic }));
      const ends = await logEndsOf(cluster, places);
      isLed = places.every(({ partitionId }) => {
        const end = ends.get(partitionId);
        return end !== undefined && !(end instanceof PostlogError);
      });
    }
  }
}
