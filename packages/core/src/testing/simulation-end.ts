import { readImage } from '../cluster/cluster-metadata.js';
import type { PartitionState } from '../cluster/cluster-image.js';
import type { MemoryReplica } from './memory-replica.js';
import type { SimulationHistory } from './simulation-history.js';
import { isSame, isSameEpochs } from './simulation-invariants.js';
import type { SimulationWorld } from './simulation-world.js';

/** What is not as it should be once everything is put right, or undefined: who leads, who is in sync, and that all copies are equal. */
export async function unrest(world: SimulationWorld): Promise<string | undefined> {
  const { topics, brokers } = await readImage(world.metadata.store);
  for (const broker of brokers.values())
    if (broker.state !== 'active') return `broker ${broker.brokerId} is ${broker.state}`;
  for (const state of [...topics.values()].flatMap(({ partitions }) => partitions)) {
    const wrong = unrestOf(state, replicasOf(world, state));
    if (wrong !== undefined) return `partition ${state.partitionId} ${wrong}`;
  }
  return undefined;
}

function unrestOf(state: PartitionState, replicas: readonly MemoryReplica[]): string | undefined {
  const { leader, isr, leaderEpoch, partitionEpoch } = state;
  if (leader === null) return 'has no leader';
  if (isr.length !== state.replicas.length) return `has isr ${isr.join()} of ${state.replicas.join()}`;
  const [first] = replicas;
  for (const { local } of replicas) {
    if (local.leaderEpoch !== leaderEpoch || local.partitionEpoch !== partitionEpoch || local.pendingIsr !== null)
      return 'has not heard of its state everywhere';
    if (local.highWatermark !== local.logEndOffset || local.logEndOffset !== first?.local.logEndOffset)
      return `has logs to ${replicas.map((each) => `${each.local.highWatermark}/${each.local.logEndOffset}`).join(', ')}`;
  }
  return undefined;
}

/** Once all is quiet: every copy is the same, and all that clients were told is in it. Answers how many records were lost that one leader alone had. */
export function checkTheEnd(world: SimulationWorld, history: SimulationHistory): number {
  let lost = 0;
  for (const partition of world.partitions) {
    const replicas = replicasOf(world, partition);
    const [first] = replicas;
    if (first === undefined) continue;
    for (const replica of replicas) {
      if (
        replica.batches.length !== first.batches.length ||
        !replica.batches.every((batch, at) => isSame(batch, first.batches[at]))
      )
        world.violate(`The copies of partition ${partition.partitionId} differ at the end.`);
      if (!isSameEpochs(replica)) world.violate('R8 EpochStart: at the end.');
    }
    history.compare(partition.partitionId, first.batches);
    lost += history.countLost(partition.partitionId, first.batches);
  }
  return lost;
}

function replicasOf(
  world: SimulationWorld,
  { partitionId, replicas }: Pick<PartitionState, 'partitionId' | 'replicas'>,
): MemoryReplica[] {
  return replicas.flatMap((brokerId) => world.database(brokerId).replicas.replicaOf(partitionId) ?? []);
}
