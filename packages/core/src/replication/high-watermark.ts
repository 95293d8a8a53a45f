import type { BrokerId } from '../cluster/cluster-image.js';
import type { Offset } from '../record/offset.js';
import type { FollowerState } from './replica-store.js';

export interface HighWatermarkInput {
  readonly current: Offset;
  /** The leader's own. */
  readonly logEndOffset: Offset;
  readonly leader: BrokerId;
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  readonly pendingIsr: readonly BrokerId[] | null;
  /** The effective one: never more than there are replicas. */
  readonly minIsr: number;
  /** As they fetched under the present leader epoch; a log end below 0 stands for one that has not fetched yet. */
  readonly followers: readonly Pick<FollowerState, 'brokerId' | 'logEndOffset' | 'caughtUpAgoMs'>[];
  readonly replicaLagTimeMaxMs: number;
}

/**
 * The offset below which every replica that counts holds every record.
 *
 * These count: the leader, the maximal ISR (rule B12), and followers that are caught up by time although not in it, so
 * that they can ever join (rule B13). The mark never moves back, and stands still while the ISR is below its minimum
 * (rule B14) or a member of the maximal ISR has not been heard of under this epoch.
 *
 * The twin of `sql/functions/watermark_candidate_v1.sql`: one table of cases tests both.
 */
export function nextHighWatermark(input: HighWatermarkInput): Offset {
  const { current, leader, isr, pendingIsr } = input;
  if (isr.length < input.minIsr) return current;
  let lowest = input.logEndOffset;
  for (const broker of input.replicas) {
    if (broker === leader) continue;
    const follower = input.followers.find(({ brokerId }) => brokerId === broker);
    const isMember = isr.includes(broker) || (pendingIsr?.includes(broker) ?? false);
    if (follower === undefined || follower.logEndOffset < 0n) {
      if (isMember) return current;
      continue;
    }
    const isCaughtUp = follower.caughtUpAgoMs < input.replicaLagTimeMaxMs;
    if ((isMember || isCaughtUp) && follower.logEndOffset < lowest) lowest = follower.logEndOffset;
  }
  return lowest > current ? lowest : current;
}
