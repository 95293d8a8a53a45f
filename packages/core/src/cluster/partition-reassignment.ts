import { PostlogError } from '../errors/postlog-error.js';
import type { BrokerId, PartitionState } from './cluster-image.js';
import { electLeader } from './leader-election.js';
import { changedPartition, withIsr } from './partition-change.js';

/**
 * The partition on its way to other replicas: the new ones are added, the old ones stay until all new ones are in sync
 * (rule D35). Undefined when it has exactly these replicas already.
 *
 * @throws PostlogError `INVALID_REQUEST` for replicas that cannot be, or while it is on its way elsewhere.
 */
export function startReassignment(
  partition: PartitionState,
  targets: readonly BrokerId[],
  brokers: ReadonlySet<BrokerId>,
): PartitionState | undefined {
  if (isReassigning(partition)) {
    throw new PostlogError(
      'INVALID_REQUEST',
      `partition ${partition.partition} is being reassigned to ${targetsOf(partition).join(', ')}; wait for the end, or cancel it first.`,
    );
  }
  checkTargets(partition, targets, brokers);
  const removing = partition.replicas.filter((broker) => !targets.includes(broker));
  return changedPartition(partition, {
    replicas: [...targets, ...removing],
    addingReplicas: targets.filter((broker) => !partition.replicas.includes(broker)),
    removingReplicas: removing,
  });
}

/** Whether old replicas and new ones stand side by side. */
export function isReassigning({ addingReplicas, removingReplicas }: PartitionState): boolean {
  return addingReplicas.length > 0 || removingReplicas.length > 0;
}

/** The partition with the new replicas only, once all of them are in sync; undefined until then (rule D35). */
export function finishReassignment(
  partition: PartitionState,
  aliveBrokers: ReadonlySet<BrokerId>,
  minIsr: number,
): PartitionState | undefined {
  const targets = targetsOf(partition);
  if (!isReassigning(partition) || !targets.every((broker) => partition.isr.includes(broker))) return undefined;
  return withReplicas(partition, targets, aliveBrokers, minIsr);
}

/**
 * The partition with its old replicas only; undefined when it is not being reassigned. They are in the order in which
 * they stood during the reassignment, so another one may be the preferred leader than before.
 *
 * @throws PostlogError `INVALID_REQUEST` when none of the old replicas is in sync: the new ones alone have every record.
 */
export function cancelReassignment(
  partition: PartitionState,
  aliveBrokers: ReadonlySet<BrokerId>,
  minIsr: number,
): PartitionState | undefined {
  if (!isReassigning(partition)) return undefined;
  const old = partition.replicas.filter((broker) => !partition.addingReplicas.includes(broker));
  const cancelled = withReplicas(partition, old, aliveBrokers, minIsr);
  if (cancelled === undefined) {
    throw new PostlogError(
      'INVALID_REQUEST',
      `no old replica of partition ${partition.partition} is in sync and alive; bring one of the brokers ${old.join(', ')} back, or let the reassignment finish.`,
    );
  }
  return cancelled;
}

function targetsOf({ replicas, removingReplicas }: PartitionState): readonly BrokerId[] {
  return replicas.filter((broker) => !removingReplicas.includes(broker));
}

/** Undefined when nobody of those that stay could lead. */
function withReplicas(
  partition: PartitionState,
  replicas: readonly BrokerId[],
  aliveBrokers: ReadonlySet<BrokerId>,
  wantedMinIsr: number,
): PartitionState | undefined {
  const minIsr = Math.min(wantedMinIsr, replicas.length);
  const isr = partition.isr.filter((broker) => replicas.includes(broker));
  const kept = {
    ...partition,
    replicas,
    addingReplicas: [],
    removingReplicas: [],
    elr: partition.elr.filter((broker) => replicas.includes(broker)),
  };
  const settled = { ...kept, ...withIsr({ ...kept, isr }, isr, minIsr) };
  const leading = electLeader(settled, aliveBrokers, { unclean: false, minIsr }) ?? settled;
  return leading.leader === null ? undefined : changedPartition(partition, leading);
}

function checkTargets(partition: PartitionState, targets: readonly BrokerId[], brokers: ReadonlySet<BrokerId>): void {
  const unknown = targets.filter((broker) => !brokers.has(broker));
  if (targets.length > 0 && new Set(targets).size === targets.length && unknown.length === 0) return;
  throw new PostlogError(
    'INVALID_REQUEST',
    `replicas [${targets.join(', ')}] for partition ${partition.partition} are not possible; name at least one, each once, of the registered brokers ${[...brokers].join(', ')}.`,
  );
}
