import { Broker, type BrokerOptions } from '../broker/broker.js';
import type { BrokerId, PartitionState } from '../cluster/cluster-image.js';
import { readImage, type StoredImage } from '../cluster/cluster-metadata.js';
import { createOffsetsTopic, OFFSETS_TOPIC } from '../cluster/offsets-topic.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { Assignor } from '../group/assignors.js';
import type { GroupLogPlace } from '../group/group-log-place.js';
import { offsetsPartitionOf } from '../group/offsets-partition.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';
import { ClusterTopicStore } from './cluster-topic-store.js';
import type { Cluster, ClusterTopics, KnownLeader, Leadership, PartitionPlace } from './cluster.js';
import type { OpenMetadata } from './open-metadata.js';

export interface MultiBrokerOptions extends Omit<
  BrokerOptions,
  'url' | 'brokerId' | 'services' | 'migrate' | 'groupLogOf'
> {
  readonly urls: ReadonlyMap<BrokerId, string>;
  readonly metadata: OpenMetadata;
}

/** Errors and wake-ups make us look at once; this is how late anything is noticed otherwise. */
const LOOK_EVERY_MS = 1_000;
/** While a leader is being elected many ask at once, and again and again. */
const SHORTEST_REST_MS = 50;

/** Several brokers, each attached when it is first needed; who leads what is the metadata store's word, read when it may have changed. */
export class MultiBrokerCluster implements Cluster {
  readonly clock;
  readonly random;
  readonly logger;
  readonly topics: ClusterTopics;
  readonly #options: MultiBrokerOptions;
  readonly #brokers = new Map<BrokerId, Broker>();
  readonly #assignors = new Map<string, Assignor>();
  readonly #listeners = new Set<() => void>();
  readonly #loop: Loop;
  readonly #stopWatching: () => void;
  #image: StoredImage;
  #readAt: number;
  #reading: Promise<void> | undefined;

  private constructor(options: MultiBrokerOptions, image: StoredImage) {
    const { clock, random, logger, metadata } = options;
    this.#options = options;
    this.clock = clock;
    this.random = random;
    this.logger = logger;
    this.#image = image;
    this.#readAt = clock.monotonic();
    this.topics = new ClusterTopicStore({
      store: metadata.store,
      random,
      image: () => this.#image,
      refresh: () => this.#read(),
      announce: () => {
        for (const broker of this.#brokers.values()) broker.announceTopics();
      },
    });
    this.#loop = startLoop({
      clock,
      random: random.next,
      retry: { ...DEFAULT_RETRY, maxRetryTime: 2_000 },
      step: async () => {
        await this.#read();
        return LOOK_EVERY_MS;
      },
      onError: (error) => logger.debug('the metadata store does not answer', { reason: String(error) }),
    });
    this.#stopWatching = metadata.store.watch(() => this.#loop.wake());
  }

  /** @throws PostlogError when the metadata store does not answer. */
  static async open(options: MultiBrokerOptions): Promise<MultiBrokerCluster> {
    return new MultiBrokerCluster(options, await readImage(options.metadata.store));
  }

  get image(): StoredImage {
    return this.#image;
  }

  knownLeader(place: PartitionPlace): KnownLeader | undefined {
    return leaderIn(this.#state(place));
  }

  broker(brokerId: BrokerId): Promise<Broker> {
    const known = this.#brokers.get(brokerId);
    if (known !== undefined) return Promise.resolve(known);
    const url = this.#options.urls.get(brokerId);
    if (url === undefined) {
      return Promise.reject(
        new PostlogError(
          'BROKER_NOT_AVAILABLE',
          `broker ${brokerId} leads, and this process has no url for it; add { id: ${brokerId}, url } to the brokers of connect().`,
        ),
      );
    }
    const groupLogOf = (groupId: string) => this.#placeOf(groupId);
    const broker = Broker.attach({ ...this.#options, brokerId, url, groupLogOf, services: false, migrate: false });
    for (const [name, assignor] of this.#assignors) broker.coordinator.learnAssignor(name, assignor);
    this.#brokers.set(brokerId, broker);
    return Promise.resolve(broker);
  }

  async leaderOf(place: PartitionPlace): Promise<Leadership> {
    let known = this.knownLeader(place);
    if (known === undefined) {
      await this.refresh();
      known = this.knownLeader(place);
    }
    if (known === undefined) {
      throw new PostlogError(
        'LEADER_NOT_AVAILABLE',
        `${place.topic}-${place.partition} has no leader now; one is elected when an in-sync replica is back.`,
      );
    }
    return { broker: await this.broker(known.brokerId), leaderEpoch: known.leaderEpoch };
  }

  async refresh(): Promise<void> {
    const rest = this.#readAt + SHORTEST_REST_MS - this.clock.monotonic();
    if (rest > 0) await this.clock.sleep(rest);
    await this.#read();
  }

  onLeadersChanged(run: () => void): () => void {
    const listener = () => run();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  knownCoordinator(groupId: string): KnownLeader | undefined {
    return leaderIn(this.#offsetsState(groupId));
  }

  async coordinatorOf(groupId: string): Promise<Broker> {
    let known = this.knownCoordinator(groupId);
    if (known === undefined) {
      await this.refresh();
      if (!this.#image.topics.has(OFFSETS_TOPIC)) await this.#createOffsetsTopic();
      known = this.knownCoordinator(groupId);
    }
    if (known === undefined) {
      throw new PostlogError(
        'COORDINATOR_NOT_AVAILABLE',
        `group ${groupId} has no coordinator now; it is asked for again.`,
      );
    }
    return this.broker(known.brokerId);
  }

  /** The next question finds what is true then: leaders are read anew. */
  forgetCoordinator(): void {
    this.#loop.wake();
  }

  async coordinators(): Promise<readonly Broker[]> {
    await this.refresh();
    const leaders = new Set(this.#image.topics.get(OFFSETS_TOPIC)?.partitions.flatMap(({ leader }) => leader ?? []));
    return Promise.all([...leaders].map((brokerId) => this.broker(brokerId)));
  }

  learnAssignor(name: string, assignor: Assignor): void {
    this.#assignors.set(name, assignor);
    for (const broker of this.#brokers.values()) broker.coordinator.learnAssignor(name, assignor);
  }

  async close(): Promise<void> {
    this.#stopWatching();
    await this.#loop.stop();
    await Promise.all([...this.#brokers.values()].map((broker) => broker.close()));
    await this.#options.metadata.close();
  }

  /** Several callers share one read. */
  #read(): Promise<void> {
    this.#reading ??= (async () => {
      try {
        const image = await readImage(this.#options.metadata.store);
        this.#readAt = this.clock.monotonic();
        if (image.revision === this.#image.revision) return;
        const before = this.#image;
        this.#image = image;
        if (haveLeadersChanged(before, image)) for (const listener of [...this.#listeners]) listener();
      } finally {
        this.#reading = undefined;
      }
    })();
    return this.#reading;
  }

  #state({ topic, partition, partitionId }: PartitionPlace): PartitionState | undefined {
    const state = this.#image.topics.get(topic)?.partitions[partition];
    return state?.partitionId === partitionId ? state : undefined;
  }

  #offsetsState(groupId: string): PartitionState | undefined {
    const partitions = this.#image.topics.get(OFFSETS_TOPIC)?.partitions;
    return partitions?.[offsetsPartitionOf(groupId, partitions.length)];
  }

  #placeOf(groupId: string): GroupLogPlace {
    const state = this.#offsetsState(groupId);
    if (state === undefined || state.leader === null) {
      throw new PostlogError(
        'COORDINATOR_NOT_AVAILABLE',
        `group ${groupId} has no coordinator now; it is asked for again.`,
      );
    }
    return { partitionId: state.partitionId, leaderEpoch: state.leaderEpoch };
  }

  async #createOffsetsTopic(): Promise<void> {
    const active = [...this.#image.brokers.values()].filter(({ state }) => state === 'active');
    if (active.length === 0) return;
    await createOffsetsTopic(this.#options.metadata.store, active, this.random);
    await this.#read();
  }
}

function leaderIn(state: PartitionState | undefined): KnownLeader | undefined {
  if (state === undefined || state.leader === null) return undefined;
  return { brokerId: state.leader, leaderEpoch: state.leaderEpoch };
}

function haveLeadersChanged(before: StoredImage, after: StoredImage): boolean {
  for (const [name, topic] of after.topics) {
    const old = before.topics.get(name);
    if (topic === old) continue;
    if (topic.partitions.some(({ leaderEpoch }, at) => old?.partitions[at]?.leaderEpoch !== leaderEpoch)) return true;
  }
  return [...before.topics.keys()].some((name) => !after.topics.has(name));
}
