import type { Broker } from '../broker/broker.js';
import { parkedRecords } from '../broker/parked-records.js';
import type { Assignor } from '../group/assignors.js';
import {
  addPartitions,
  createTopic,
  deleteTopic,
  describeTopics,
  listTopics,
  type StoredPartition,
} from '../log/topic.store.js';
import type { Cluster, ClusterPartition, ClusterTopic, ClusterTopics, ClusterOperations } from './cluster.js';
import { SingleBrokerOperations } from './single-broker-operations.js';

/** The broker compares its own epoch: with one of them nobody else can know better. */
const ANY_EPOCH = -1;

/** One Postgres database: its broker leads everything and coordinates every group. */
export class SingleBrokerCluster implements Cluster {
  readonly clock;
  readonly random;
  readonly logger;
  readonly topics: ClusterTopics;
  readonly operations: ClusterOperations;
  readonly isOneBroker = true;
  readonly parked;
  readonly #broker: Broker;

  /** `address`: for people, `host:port/database`. */
  constructor(broker: Broker, address: string) {
    this.#broker = broker;
    this.clock = broker.clock;
    this.random = broker.random;
    this.logger = broker.logger;
    this.parked = parkedRecords(broker.database);
    this.topics = new SingleBrokerTopics(broker);
    this.operations = new SingleBrokerOperations(broker, address);
  }

  knownLeader() {
    return { brokerId: this.#broker.brokerId, leaderEpoch: ANY_EPOCH };
  }

  broker(): Promise<Broker> {
    return Promise.resolve(this.#broker);
  }

  leaderOf() {
    return Promise.resolve({ broker: this.#broker, leaderEpoch: ANY_EPOCH });
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  onLeadersChanged(): () => void {
    return () => {};
  }

  knownCoordinator() {
    return this.knownLeader();
  }

  coordinatorOf(): Promise<Broker> {
    return Promise.resolve(this.#broker);
  }

  forgetCoordinator(): void {}

  coordinators(): Promise<readonly Broker[]> {
    return Promise.resolve([this.#broker]);
  }

  learnAssignor(name: string, assignor: Assignor): void {
    this.#broker.coordinator.learnAssignor(name, assignor);
  }

  close(): Promise<void> {
    return this.#broker.close();
  }
}

class SingleBrokerTopics implements ClusterTopics {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  brokerIds() {
    return Promise.resolve([this.#broker.brokerId]);
  }

  list(): Promise<string[]> {
    return listTopics(this.#broker.database);
  }

  async describe(topics: readonly string[] | null): Promise<ClusterTopic[]> {
    const described = new Map<string, ClusterTopic & { readonly partitions: ClusterPartition[] }>();
    for (const stored of await describeTopics(this.#broker.database, topics)) {
      const { topic, topicId, config } = stored;
      const known = described.get(topic) ?? { topic, topicId, config, partitions: [] };
      described.set(topic, known);
      known.partitions.push(partitionOf(stored));
    }
    return [...described.values()];
  }

  create(topic: Parameters<ClusterTopics['create']>[0]): Promise<boolean> {
    return createTopic(this.#broker.database, topic);
  }

  addPartitions(topic: string, partitionCount: number): Promise<number | undefined> {
    return addPartitions(this.#broker.database, topic, partitionCount);
  }

  delete(topic: string): Promise<boolean> {
    return deleteTopic(this.#broker.database, topic);
  }

  announce(): void {
    this.#broker.announceTopics();
  }
}

function partitionOf({ topic, partition, partitionId, brokerId, leaderEpoch }: StoredPartition): ClusterPartition {
  const replicas = [brokerId];
  return { topic, partition, partitionId, leader: brokerId, leaderEpoch, replicas, isr: replicas, offlineReplicas: [] };
}
