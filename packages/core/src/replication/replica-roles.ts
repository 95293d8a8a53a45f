import { effectiveMinIsr, type BrokerId, type ClusterImage } from '../cluster/cluster-image.js';
import type { ReplicaRole } from './replica-store.js';

/** What the image makes of every replica that a broker holds, by partition id ascending. */
export function rolesOf(image: ClusterImage, brokerId: BrokerId): ReplicaRole[] {
  const roles: ReplicaRole[] = [];
  for (const topic of image.topics.values()) {
    for (const state of topic.partitions) {
      if (!state.replicas.includes(brokerId)) continue;
      const { partition, partitionId, leader, leaderEpoch, partitionEpoch, replicas, isr } = state;
      const minIsr = effectiveMinIsr(topic, state);
      roles.push({
        topicId: topic.topicId,
        partition,
        partitionId,
        leader,
        leaderEpoch,
        partitionEpoch,
        replicas,
        isr,
        minIsr,
      });
    }
  }
  return roles.sort((a, b) => a.partitionId - b.partitionId);
}

/** Where a replica stands: what is not newer than this is known already. */
export interface KnownEpochs {
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
}

/** Roles that are newer than what is known of these replicas. */
export function newRoles(roles: readonly ReplicaRole[], known: ReadonlyMap<number, KnownEpochs>): ReplicaRole[] {
  return roles.filter(({ partitionId, leaderEpoch, partitionEpoch }) => {
    const at = known.get(partitionId);
    if (at === undefined) return true;
    return leaderEpoch > at.leaderEpoch || (leaderEpoch === at.leaderEpoch && partitionEpoch > at.partitionEpoch);
  });
}
