import { effectiveMinIsr, type BrokerId, type PartitionState, type TopicState } from '../cluster/cluster-image.js';
import { cancelReassignment, startReassignment } from '../cluster/partition-reassignment.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { ReplicaTarget } from './cluster.js';

export interface ReassignmentBrokers {
  readonly registered: ReadonlySet<BrokerId>;
  readonly alive: ReadonlySet<BrokerId>;
}

/**
 * A topic whose partitions are on their way to other replicas, or back (rule D35); undefined when all are there already. When all
 * partitions will have as many replicas as each other, so will those that are added later.
 *
 * @throws PostlogError `INVALID_REQUEST`, `UNKNOWN_TOPIC_OR_PARTITION`, `NO_REASSIGNMENT_IN_PROGRESS`
 */
export function reassignPartitions(
  topic: TopicState,
  targets: readonly ReplicaTarget[],
  brokers: ReassignmentBrokers,
): TopicState | undefined {
  const partitions = [...topic.partitions];
  for (const target of targets) {
    const before = partitions[target.partition];
    if (before === undefined) {
      throw new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `${topic.topic} has no partition ${target.partition}.`);
    }
    partitions[target.partition] = reassign(topic, before, target, brokers) ?? before;
  }
  if (partitions.every((partition, index) => partition === topic.partitions[index])) return undefined;
  const factors = new Set(
    partitions.map(({ replicas, removingReplicas }) => replicas.length - removingReplicas.length),
  );
  const [factor] = factors;
  return { ...topic, partitions, replicationFactor: factors.size === 1 ? factor! : topic.replicationFactor };
}

function reassign(
  topic: TopicState,
  before: PartitionState,
  { partition, replicas }: ReplicaTarget,
  { registered, alive }: ReassignmentBrokers,
): PartitionState | undefined {
  if (replicas !== null) return startReassignment(before, replicas, registered);
  const cancelled = cancelReassignment(before, alive, effectiveMinIsr(topic, before));
  if (cancelled !== undefined) return cancelled;
  throw new PostlogError(
    'NO_REASSIGNMENT_IN_PROGRESS',
    `${topic.topic}-${partition} is not being reassigned, so there is nothing to cancel.`,
  );
}
