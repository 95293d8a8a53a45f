import type { BrokerId, PartitionState } from './cluster-image.js';

/**
 * `before` with changes, and with the epochs that go with them (rule D31): another leader raises the leader epoch, any
 * change raises the partition epoch, once each. Undefined when nothing differs.
 */
export function changedPartition(before: PartitionState, changes: Partial<PartitionState>): PartitionState | undefined {
  const after = { ...before, ...changes };
  const hasNewLeader = after.leader !== before.leader;
  const isUnchanged =
    !hasNewLeader &&
    after.isRecovering === before.isRecovering &&
    LISTS.every((list) => isSameList(before[list], after[list]));
  if (isUnchanged) return undefined;
  return {
    ...after,
    leaderEpoch: before.leaderEpoch + (hasNewLeader ? 1 : 0),
    partitionEpoch: before.partitionEpoch + 1,
  };
}

/**
 * The partition with another ISR, in order of assignment, and the eligible leader replicas that follow from it (rule D29).
 *
 * While the ISR is below its minimum the high watermark stands still, so whoever was in the ISR when it became too small
 * has all committed records and stays eligible. With enough members nobody else is.
 */
export function withIsr(
  partition: PartitionState,
  isr: readonly BrokerId[],
  minIsr: number,
): Pick<PartitionState, 'isr' | 'elr'> {
  const inOrder = (brokers: ReadonlySet<BrokerId>) => partition.replicas.filter((broker) => brokers.has(broker));
  const members = inOrder(new Set(isr));
  if (members.length >= minIsr) return { isr: members, elr: [] };
  const eligible = new Set([...partition.elr, ...partition.isr]);
  for (const broker of members) eligible.delete(broker);
  return { isr: members, elr: inOrder(eligible) };
}

const LISTS = ['replicas', 'addingReplicas', 'removingReplicas', 'isr', 'elr'] as const;

function isSameList(one: readonly BrokerId[], other: readonly BrokerId[]): boolean {
  return one.length === other.length && one.every((broker, at) => broker === other[at]);
}
