import { Broker, type BrokerOptions } from '../broker/broker.js';
import type { BrokerId, PartitionState } from '../cluster/cluster-image.js';
import { createOffsetsTopic, OFFSETS_TOPIC } from '../cluster/offsets-topic.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { Assignor } from '../group/assignors.js';
import type { GroupLogPlace } from '../group/group-log-place.js';
import { offsetsPartitionOf } from '../group/offsets-partition.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import { DEFAULT_RETRY, retryDelay } from '../runtime/backoff.js';
import { ClusterView } from './cluster-view.js';
import type { Cluster, ClusterOperations, ClusterTopics, KnownLeader, Leadership, PartitionPlace } from './cluster.js';
import type { BrokerAddress } from './connection-settings.js';
import { MultiBrokerOperations } from './multi-broker-operations.js';
import { MultiBrokerTopics } from './multi-broker-topics.js';

export interface MultiBrokerOptions extends Omit<BrokerOptions, 'url' | 'brokerId' | 'groupLogOf' | 'migrate'> {
  readonly brokers: readonly BrokerAddress[];
  readonly store: MetadataStore;
  /** Closes what the store stands on. */
  readonly closeStore: () => Promise<void>;
}

/** Fewer replicas of the groups' logs than this are made only where there are no more brokers. */
const REPLICAS_OF_GROUPS = 3;

/**
 * Several brokers, each with a database of its own. Who leads what is read from the metadata store, and kept; brokers are
 * attached when something is asked of them for the first time.
 */
export class MultiBrokerCluster implements Cluster {
  readonly clock;
  readonly random;
  readonly logger;
  readonly topics: ClusterTopics;
  readonly operations: ClusterOperations;
  readonly isOneBroker = false;
  readonly parked = undefined;
  readonly #options: MultiBrokerOptions;
  readonly #view: ClusterView;
  readonly #attached = new Map<BrokerId, Broker>();
  readonly #assignors = new Map<string, Assignor>();
  #founding: Promise<void> | undefined;

  private constructor(options: MultiBrokerOptions) {
    const { store, clock, random, logger } = options;
    this.#options = options;
    this.clock = clock;
    this.random = random;
    this.logger = logger;
    const onError = (error: unknown) => logger.debug('the metadata store met an error', { reason: String(error) });
    this.#view = new ClusterView({ store, clock, random, onError });
    this.topics = new MultiBrokerTopics({ cluster: this, store, view: this.#view, attached: this.#attached });
    this.operations = new MultiBrokerOperations({ store, view: this.#view, clock, random });
  }

  /** @throws PostlogError within `connectionTimeout` when the metadata store does not answer. */
  static async open(options: MultiBrokerOptions): Promise<MultiBrokerCluster> {
    const cluster = new MultiBrokerCluster(options);
    try {
      await cluster.#reach();
      cluster.#view.start();
      return cluster;
    } catch (error) {
      await options.closeStore();
      throw error;
    }
  }

  knownLeader(place: PartitionPlace): KnownLeader | undefined {
    return this.#view.knownLeader(place);
  }

  broker(brokerId: BrokerId): Promise<Broker> {
    const known = this.#attached.get(brokerId);
    if (known !== undefined) return Promise.resolve(known);
    const address = this.#options.brokers.find(({ id }) => id === brokerId);
    if (address === undefined) return Promise.reject(withoutUrl(brokerId));
    const { url } = address;
    const groupLogOf = (groupId: string) => this.#demandGroupLog(groupId);
    const broker = Broker.attach({ ...this.#options, brokerId, url, migrate: false, groupLogOf });
    for (const [name, assignor] of this.#assignors) broker.coordinator.learnAssignor(name, assignor);
    this.#attached.set(brokerId, broker);
    return Promise.resolve(broker);
  }

  async leaderOf(place: PartitionPlace): Promise<Leadership> {
    const leader = this.knownLeader(place) ?? (await this.#lookAgain(() => this.knownLeader(place)));
    if (leader === undefined) {
      throw new PostlogError(
        'LEADER_NOT_AVAILABLE',
        `nobody leads ${place.topic}-${place.partition} now; bring one of its replicas back.`,
      );
    }
    return { broker: await this.broker(leader.brokerId), leaderEpoch: leader.leaderEpoch };
  }

  async refresh(): Promise<void> {
    await this.#view.refresh();
  }

  onLeadersChanged(run: () => void): () => void {
    return this.#view.onLeadersChanged(run);
  }

  knownCoordinator(groupId: string): KnownLeader | undefined {
    const log = this.#groupLog(groupId);
    return log === undefined ? undefined : this.#view.knownLeader(log);
  }

  async coordinatorOf(groupId: string): Promise<Broker> {
    const find = () => this.knownCoordinator(groupId);
    const coordinator = find() ?? (await this.#lookAgain(find)) ?? (await this.#foundGroups(find));
    if (coordinator === undefined) throw withoutCoordinator(groupId);
    return this.broker(coordinator.brokerId);
  }

  forgetCoordinator(): void {
    void this.refresh().catch(() => {}); // Whoever asks next hears of it.
  }

  async coordinators(): Promise<readonly Broker[]> {
    const { topics } = await this.#view.refresh();
    const leaders = new Set(topics.get(OFFSETS_TOPIC)?.partitions.map(({ leader }) => leader));
    leaders.delete(null);
    return Promise.all([...leaders].map((leader) => this.broker(leader!)));
  }

  learnAssignor(name: string, assignor: Assignor): void {
    this.#assignors.set(name, assignor);
    for (const broker of this.#attached.values()) broker.coordinator.learnAssignor(name, assignor);
  }

  async close(): Promise<void> {
    await this.#view.stop();
    await Promise.all([...this.#attached.values()].map((broker) => broker.close()));
    await this.#options.closeStore();
  }

  async #reach(): Promise<void> {
    const { clock, random, connectionTimeout } = this.#options;
    const deadline = clock.monotonic() + connectionTimeout;
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#view.refresh();
        return;
      } catch (error) {
        const wait = retryDelay({ ...DEFAULT_RETRY, maxRetryTime: 1_000 }, attempt, random.next);
        const isHopeless = error instanceof PostlogError && !error.retriable;
        if (isHopeless || clock.monotonic() + wait > deadline) throw error;
        await clock.sleep(wait);
      }
    }
  }

  /** What is looked for may be newer than what is known. A store that is away changes nothing. */
  async #lookAgain<T>(look: () => T | undefined): Promise<T | undefined> {
    await this.refresh().catch(() => {});
    return look();
  }

  #groupLog(groupId: string): PartitionState | undefined {
    const topic = this.#view.image?.topics.get(OFFSETS_TOPIC);
    return topic?.partitions[offsetsPartitionOf(groupId, topic.partitions.length)];
  }

  #demandGroupLog(groupId: string): GroupLogPlace {
    const log = this.#groupLog(groupId);
    if (log === undefined) throw withoutCoordinator(groupId);
    return { partitionId: log.partitionId, leaderEpoch: log.leaderEpoch };
  }

  /** Whoever needs a group first creates the topic that groups are kept in. */
  async #foundGroups<T>(look: () => T | undefined): Promise<T | undefined> {
    if (this.#view.image?.topics.has(OFFSETS_TOPIC) !== false) return undefined;
    this.#founding ??= this.#createOffsetsTopic().finally(() => (this.#founding = undefined));
    await this.#founding;
    return this.#lookAgain(look);
  }

  async #createOffsetsTopic(): Promise<void> {
    const { brokers, store, random } = this.#options;
    const registered = [...(this.#view.image?.brokers.values() ?? [])];
    const active = registered.filter(({ state }) => state === 'active');
    const wanted = Math.min(REPLICAS_OF_GROUPS, Math.max(brokers.length, registered.length));
    if (active.length < wanted) {
      throw new PostlogError(
        'COORDINATOR_NOT_AVAILABLE',
        `groups are to be kept on ${wanted} brokers, and ${active.length} are in service; start the others.`,
      );
    }
    await createOffsetsTopic(store, active, random);
  }
}

function withoutUrl(brokerId: BrokerId): PostlogError {
  return new PostlogError(
    'BROKER_NOT_AVAILABLE',
    `broker ${brokerId} is not among the brokers given to connect(); add its url there.`,
  );
}

function withoutCoordinator(groupId: string): PostlogError {
  return new PostlogError(
    'COORDINATOR_NOT_AVAILABLE',
    `nobody coordinates group ${groupId} now; bring a replica of its log back.`,
  );
}
