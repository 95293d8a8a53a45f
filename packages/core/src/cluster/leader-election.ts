import type { BrokerId, PartitionState } from './cluster-image.js';
import { changedPartition, withIsr } from './partition-change.js';

export interface ElectionRules {
  /** Whether a replica outside of the ISR may lead: acknowledged records may be lost (rule D30). */
  readonly unclean: boolean;
  /** The effective one. */
  readonly minIsr: number;
}

/**
 * The partition under the leader that it should have, or undefined when that is the one it has.
 *
 * A leader that is alive and in the ISR stays (rule D27). Else the first in order of assignment that is alive and in the
 * ISR; when the ISR is empty, in the ELR (rule D29); when the election may be unclean, any that is alive (rule D30).
 * Else none.
 */
export function electLeader(
  partition: PartitionState,
  aliveBrokers: ReadonlySet<BrokerId>,
  { unclean, minIsr }: ElectionRules,
): PartitionState | undefined {
  const { leader, isr } = partition;
  if (leader !== null && aliveBrokers.has(leader) && isr.includes(leader)) return undefined;
  const alive = partition.replicas.filter((broker) => aliveBrokers.has(broker));
  const clean = alive.find((broker) => (isr.length > 0 ? isr : partition.elr).includes(broker));
  if (clean !== undefined) {
    return changedPartition(partition, {
      leader: clean,
      ...withIsr(partition, isr.length > 0 ? isr : [clean], minIsr),
    });
  }
  const [any] = alive;
  if (!unclean || any === undefined)
    return changedPartition(partition, { leader: null, ...withIsr(partition, isr, minIsr) });
  return changedPartition(partition, { leader: any, isr: [any], elr: [], isRecovering: true });
}

/**
 * The partition without these brokers in its ISR, because they were fenced or have restarted; undefined when they were not in it.
 *
 * The ISR may become empty: whoever leaves it while it is below its minimum stays eligible (rule D29), unless the
 * restart was unclean, for then a log may have lost its end. A leader that leaves does not lead any more.
 */
export function removeFromIsr(
  partition: PartitionState,
  brokers: readonly BrokerId[],
  { minIsr, isUnclean }: { readonly minIsr: number; readonly isUnclean: boolean },
): PartitionState | undefined {
  const others = (list: readonly BrokerId[]) => list.filter((broker) => !brokers.includes(broker));
  const left = withIsr(partition, others(partition.isr), minIsr);
  const { leader } = partition;
  return changedPartition(partition, {
    isr: left.isr,
    elr: isUnclean ? others(left.elr) : left.elr,
    leader: leader !== null && brokers.includes(leader) ? null : leader,
  });
}

/** The partition led by the first of its replicas, if that is alive and in the ISR and does not lead yet (rule D32). */
export function preferredLeader(
  partition: PartitionState,
  aliveBrokers: ReadonlySet<BrokerId>,
  minIsr: number,
): PartitionState | undefined {
  const [preferred] = partition.replicas;
  if (preferred === undefined || !aliveBrokers.has(preferred) || !partition.isr.includes(preferred)) return undefined;
  return leaderChanged(partition, preferred, minIsr);
}

/** The partition led by another in-sync replica, for its leader is about to stop; undefined when there is none (rule D33). */
export function drainLeader(
  partition: PartitionState,
  draining: BrokerId,
  aliveBrokers: ReadonlySet<BrokerId>,
  minIsr: number,
): PartitionState | undefined {
  if (partition.leader !== draining) return undefined;
  const next = partition.replicas.find(
    (broker) => broker !== draining && aliveBrokers.has(broker) && partition.isr.includes(broker),
  );
  return next === undefined ? undefined : leaderChanged(partition, next, minIsr);
}

/**
 * The partition with the ISR that its leader proposes (rule B11). The mark of an unclean election goes when every replica
 * is in sync with the leader that it made.
 *
 * The partition epoch rises even when the ISR is the same: so a proposal whose fate nobody knows is settled. The caller
 * has compared leader epoch and partition epoch, and that new members may join.
 */
export function changeIsr(partition: PartitionState, isr: readonly BrokerId[], minIsr: number): PartitionState {
  const changed = withIsr(partition, isr, minIsr);
  const isRecovering = partition.isRecovering && changed.isr.length < partition.replicas.length;
  return { ...partition, ...changed, isRecovering, partitionEpoch: partition.partitionEpoch + 1 };
}

function leaderChanged(partition: PartitionState, leader: BrokerId, minIsr: number): PartitionState | undefined {
  if (partition.leader === leader) return undefined;
  return changedPartition(partition, { leader, ...withIsr(partition, partition.isr, minIsr) });
}
