import type { BrokerId, ClusterImage, PartitionState, RegisteredBroker } from '../cluster/cluster-image.js';
import type { ClusterPartition, KnownLeader } from './cluster.js';

/** Leaders by partition number; null: the partition exists and nobody leads it. */
export type LeaderMap = ReadonlyMap<number, KnownLeader | null>;

export function leadersOf(image: ClusterImage): LeaderMap {
  const leaders = new Map<number, KnownLeader | null>();
  for (const { partitions } of image.topics.values()) {
    for (const { partitionId, leader, leaderEpoch } of partitions) {
      leaders.set(partitionId, leader === null ? null : { brokerId: leader, leaderEpoch });
    }
  }
  return leaders;
}

/** Whether some partition has come, gone, or got another leader. */
export function haveLeadersChanged(before: LeaderMap, after: LeaderMap): boolean {
  if (before.size !== after.size) return true;
  for (const [partitionId, leader] of after) {
    const old = before.get(partitionId);
    if (old === undefined || old?.brokerId !== leader?.brokerId || old?.leaderEpoch !== leader?.leaderEpoch)
      return true;
  }
  return false;
}

/** A partition as clients see it. */
export function describePartition(
  topic: string,
  state: PartitionState,
  brokers: ReadonlyMap<BrokerId, RegisteredBroker>,
): ClusterPartition {
  const { partition, partitionId, leader, leaderEpoch, replicas, isr, elr, addingReplicas, removingReplicas } = state;
  const isOffline = (brokerId: BrokerId) => (brokers.get(brokerId)?.state ?? 'fenced') === 'fenced';
  return {
    topic,
    partition,
    partitionId,
    leader,
    leaderEpoch,
    replicas,
    isr,
    offlineReplicas: replicas.filter(isOffline),
    elr,
    addingReplicas,
    removingReplicas,
  };
}
