import type { BrokerId, RegisteredBroker } from '../cluster/cluster-image.js';
import type { Offset } from '../record/offset.js';
import type { FollowerState, LedPartition } from './replica-store.js';

/**
 * The ISR that a leader should propose, in order of assignment, or undefined when it is right as it is or a proposal is
 * under way already (rule B11).
 */
export function proposeIsr(
  led: LedPartition,
  brokers: ReadonlyMap<BrokerId, RegisteredBroker>,
  replicaLagTimeMaxMs: number,
): readonly BrokerId[] | undefined {
  if (led.pendingIsr !== null) return undefined;
  const isr = led.replicas.filter((broker) => {
    if (broker === led.leader) return true;
    const follower = led.followers.find(({ brokerId }) => brokerId === broker);
    return led.isr.includes(broker)
      ? !isOutOfSync(led, follower, replicaLagTimeMaxMs)
      : follower !== undefined && hasReached(led, follower) && mayJoin(brokers.get(broker), follower.brokerEpoch);
  });
  const isUnchanged = isr.length === led.isr.length && isr.every((broker) => led.isr.includes(broker));
  return isUnchanged ? undefined : isr;
}

/**
 * A member leaves when its log end differs from the leader's and it was not caught up for too long: stuck and slow ones
 * alike, and never by a number of records (rule B9).
 */
function isOutOfSync(led: LedPartition, follower: FollowerState | undefined, replicaLagTimeMaxMs: number): boolean {
  if (follower === undefined) return true;
  return follower.logEndOffset !== led.logEndOffset && follower.caughtUpAgoMs > replicaLagTimeMaxMs;
}

/**
 * A follower that has reached the high watermark may still lack records that were on all in-sync replicas when this
 * leader began, for its mark may be behind: so it must have reached the start of the epoch too (rule B10).
 */
function hasReached(led: LedPartition, { logEndOffset }: FollowerState): boolean {
  return logEndOffset >= led.highWatermark && logEndOffset >= led.epochStartOffset;
}

/** Only a broker that may lead may join, and only by fetches of its present registration (rule B10). */
export function mayJoin(broker: RegisteredBroker | undefined, brokerEpoch: number): boolean {
  return broker?.state === 'active' && broker.brokerEpoch === brokerEpoch;
}

/**
 * The offset that whoever joins must have reached before the proposal is sent, fixed when it is noted; undefined while
 * that cannot be known. From then on the joining follower holds the high watermark (rule B12).
 *
 * It is at or above every high watermark that anybody was shown, also when a crash of the leader's database lost the
 * mark: no mark of this epoch was above the log end of a present member.
 */
export function joinOffset(led: LedPartition): Offset | undefined {
  let lowest = led.logEndOffset;
  for (const broker of led.isr) {
    if (broker === led.leader) continue;
    const end = led.followers.find(({ brokerId }) => brokerId === broker)?.logEndOffset;
    if (end === undefined || end < 0n) return undefined;
    if (end < lowest) lowest = end;
  }
  return [led.highWatermark, led.epochStartOffset].reduce((most, each) => (each > most ? each : most), lowest);
}
