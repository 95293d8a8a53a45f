import { Broker } from '../broker/broker.js';
import { BrokerServer } from '../broker/broker-server.js';
import { handleProduce, type RequiredAcks } from '../broker/handle-produce.js';
import type { BrokerId, PartitionState } from '../cluster/cluster-image.js';
import { readImage } from '../cluster/cluster-metadata.js';
import { createTopic } from '../cluster/topic-metadata.js';
import type { Appended } from '../log/append.store.js';
import { openMetadata, type OpenMetadata } from '../client/open-metadata.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import { systemClock } from '../runtime/clock.js';
import { silentLogger, type Logger } from '../runtime/logger.js';
import { systemRandom } from '../runtime/random.js';
import { until } from './collect.js';
import { batchOf } from './log-world.js';
import { testDatabase, type TestDatabase } from './test-database.js';

export interface TestClusterOptions {
  readonly brokers: number;
  /** One partition, led by broker 1 at first. */
  readonly topic: {
    readonly name: string;
    readonly replicationFactor: number;
    readonly minInsyncReplicas?: number;
    readonly partitions?: number;
  };
  readonly sessionTimeoutMs?: number;
  readonly replicaLagTimeMaxMs?: number;
  readonly logger?: Logger;
}

/** Brokers of one cluster in this process, each on a database of its own, and one more for the metadata; all on the tests' server. */
export class TestCluster {
  readonly store: MetadataStore;
  readonly #options: TestClusterOptions;
  readonly #metadataDatabase: TestDatabase;
  readonly #opened: OpenMetadata[] = [];
  readonly #databases = new Map<BrokerId, TestDatabase>();
  readonly #servers = new Map<BrokerId, BrokerServer>();
  readonly #clients = new Map<BrokerId, Broker>();

  private constructor(options: TestClusterOptions, metadataDatabase: TestDatabase, metadata: OpenMetadata) {
    this.#options = options;
    this.#metadataDatabase = metadataDatabase;
    this.#opened.push(metadata);
    this.store = metadata.store;
  }

  static async start(options: TestClusterOptions): Promise<TestCluster> {
    const metadataDatabase = await testDatabase();
    const metadata = await openMetadata(
      { url: metadataDatabase.url },
      { ...CONNECTION, migrate: true, logger: silentLogger },
    );
    const cluster = new TestCluster(options, metadataDatabase, metadata);
    const brokerIds = Array.from({ length: options.brokers }, (_, index) => index + 1);
    for (const brokerId of brokerIds) cluster.#databases.set(brokerId, await testDatabase());
    await Promise.all(brokerIds.map((brokerId) => cluster.startBroker(brokerId)));
    await until(async () =>
      [...(await readImage(cluster.store)).brokers.values()].every(({ state }) => state === 'active'),
    );
    await cluster.#createTopic();
    await until(
      async () =>
        (await cluster.partition()).isr.length === options.topic.replicationFactor && (await cluster.#leads()),
    );
    return cluster;
  }

  /** As `connect` takes them. */
  get settings() {
    const brokers = [...this.#databases].map(([id, { url }]) => ({ id, url }));
    return { brokers, metadata: { url: this.#metadataDatabase.url } };
  }

  /** `through`: what stands between the broker and the metadata store. */
  async startBroker(
    brokerId: BrokerId,
    through: (store: MetadataStore) => MetadataStore = (store) => store,
  ): Promise<void> {
    const metadata = await openMetadata(this.settings.metadata, {
      ...CONNECTION,
      migrate: false,
      logger: silentLogger,
    });
    this.#opened.push(metadata);
    const server = await BrokerServer.start({
      ...CONNECTION,
      brokerId,
      rack: null,
      url: this.#url(brokerId),
      address: `broker-${brokerId}`,
      store: through(metadata.store),
      urlOf: (other) => this.#url(other),
      sessionTimeoutMs: this.#options.sessionTimeoutMs ?? 1_500,
      heartbeatIntervalMs: 200,
      replicaLagTimeMaxMs: this.#options.replicaLagTimeMaxMs ?? 2_000,
      preferredElectionEveryMs: 3_600_000,
      allowSharedServer: true,
      logger: this.#options.logger ?? silentLogger,
    });
    this.#servers.set(brokerId, server);
  }

  /** As a crash would: nothing is handed over; its session runs out. */
  async killBroker(brokerId: BrokerId): Promise<void> {
    await this.#servers.get(brokerId)?.abort();
    this.#servers.delete(brokerId);
  }

  /** In order: leaderships move first. */
  async stopBroker(brokerId: BrokerId): Promise<void> {
    await this.#servers.get(brokerId)?.stop();
    this.#servers.delete(brokerId);
  }

  /** What the metadata store says of a partition. */
  async partition(partition = 0): Promise<PartitionState> {
    const topic = (await readImage(this.store)).topics.get(this.#options.topic.name);
    return topic!.partitions[partition]!;
  }

  /** A client's view of a broker. */
  client(brokerId: BrokerId): Broker {
    const known = this.#clients.get(brokerId);
    if (known !== undefined) return known;
    const options = { ...CONNECTION, brokerId, url: this.#url(brokerId), services: false, migrate: false };
    const client = Broker.attach({ ...options, logger: silentLogger });
    this.#clients.set(brokerId, client);
    return client;
  }

  /** Appends a batch of these values at a broker, which may not lead. */
  async produce(brokerId: BrokerId, values: readonly string[], acks: RequiredAcks = -1): Promise<Appended> {
    const { partitionId } = await this.partition();
    const { bytes } = await batchOf(partitionId, values);
    const [answer] = await handleProduce(
      this.client(brokerId),
      [{ partitionId, leaderEpoch: -1, maxMessageBytes: 1e6, bytes }],
      acks,
    );
    return answer!;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.abort()));
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
    for (const metadata of this.#opened) await metadata.close();
    for (const database of [...this.#databases.values(), this.#metadataDatabase]) await database.drop();
  }

  async #leads(): Promise<boolean> {
    const { leader } = await this.partition();
    return leader !== null && (await this.produce(leader, ['ready'], 1)).error === undefined;
  }

  async #createTopic(): Promise<void> {
    const { name, replicationFactor, minInsyncReplicas = 1, partitions = 1 } = this.#options.topic;
    const replicas = Array.from({ length: replicationFactor }, (_, index) => index + 1);
    const state = (partition: number) => ({
      partition,
      replicas,
      addingReplicas: [],
      removingReplicas: [],
      isr: replicas,
      elr: [],
      leader: 1,
      leaderEpoch: 0,
      partitionEpoch: 0,
      isRecovering: false,
    });
    const config = { 'min.insync.replicas': String(minInsyncReplicas) };
    const topic = {
      topic: name,
      config,
      replicationFactor,
      partitions: Array.from({ length: partitions }, (_, index) => state(index)),
    };
    await createTopic(this.store, topic, { random: systemRandom });
  }

  #url(brokerId: BrokerId): string {
    return this.#databases.get(brokerId)!.url;
  }
}

const CONNECTION = {
  schema: 'postlog',
  offsetsRetentionMs: 604_800_000,
  clientId: 'spec',
  maxConnections: 4,
  connectionTimeout: 10_000,
  requestTimeout: 10_000,
  clock: systemClock,
  random: systemRandom,
};
