import type { BrokerId } from '../cluster/cluster-image.js';
import type { PartitionQueue } from './record-accumulator.js';

/** Queues by the broker that leads them; undefined: nobody does, as far as is known. In the order in which they were given. */
export function byLeader(
  queues: readonly PartitionQueue[],
  leaderOf: (queue: PartitionQueue) => BrokerId | undefined,
): Map<BrokerId | undefined, PartitionQueue[]> {
  const groups = new Map<BrokerId | undefined, PartitionQueue[]>();
  for (const queue of queues) {
    const leader = leaderOf(queue);
    const group = groups.get(leader);
    if (group === undefined) groups.set(leader, [queue]);
    else group.push(queue);
  }
  return groups;
}

/**
 * Whose oldest batches make the next request to one leader. All have the same acks, since the answer waits for all of them. A
 * partition with more than one batch waiting gets a request of its own, so that it holds up no other. At least one batch goes.
 */
export function chooseForRequest(ready: readonly PartitionQueue[], maxRequestSize: number): PartitionQueue[] {
  const busy = ready.find((queue) => queue.batches.length > 1);
  if (busy !== undefined) return [busy];
  const acks = ready[0]?.batches[0]?.acks;
  const chosen: PartitionQueue[] = [];
  let bytes = 0;
  for (const queue of ready) {
    const batch = queue.batches[0]!;
    if (batch.acks !== acks) continue;
    if (bytes > 0 && bytes + batch.sizeInBytes > maxRequestSize) break;
    bytes += batch.sizeInBytes;
    chosen.push(queue);
  }
  return chosen;
}
