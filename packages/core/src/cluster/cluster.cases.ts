import type {
  BrokerId,
  BrokerState,
  ClusterImage,
  PartitionState,
  RegisteredBroker,
  TopicState,
} from './cluster-image.js';

/** Partition 0 of a topic with replicas on 1, 2 and 3, all in sync, led by 1 under epoch 5. */
export const partitionOf = (other: Partial<PartitionState> = {}): PartitionState => ({
  partition: 0,
  partitionId: 70,
  replicas: [1, 2, 3],
  addingReplicas: [],
  removingReplicas: [],
  isr: [1, 2, 3],
  elr: [],
  leader: 1,
  leaderEpoch: 5,
  partitionEpoch: 20,
  isRecovering: false,
  ...other,
});

export const topicOf = (
  partitions: readonly PartitionState[],
  config: Readonly<Record<string, string>> = { 'min.insync.replicas': '2' },
): TopicState => ({ topic: 'orders', topicId: 'orders-id', config, replicationFactor: 3, partitions });

export const registeredBroker = (brokerId: BrokerId, state: BrokerState = 'active'): RegisteredBroker => ({
  brokerId,
  rack: null,
  address: `127.0.0.1:${5_000 + brokerId}/postlog`,
  identity: { systemIdentifier: `700${brokerId}`, timelineId: 1, incarnation: 1, flushedWal: '1000' },
  brokerEpoch: 1,
  state,
});

/** Brokers 1 to 3 in these states, and one topic with these partitions. */
export const imageOf = (
  partitions: readonly PartitionState[],
  states: Readonly<Record<BrokerId, BrokerState>> = {},
  config?: Readonly<Record<string, string>>,
): ClusterImage => ({
  revision: 1n,
  brokers: new Map([1, 2, 3].map((id) => [id, registeredBroker(id, states[id])])),
  topics: new Map([['orders', topicOf(partitions, config)]]),
});
