import { PostlogError } from '../errors/postlog-error.js';
import type { Offset } from '../record/offset.js';
import type { Leadership, PartitionPlace } from './cluster.js';
import type { OffsetReset } from './consumer-types.js';
import { checkPosition, type PositionVerdict } from './position-check.js';

/**
 * Asks a new leader whether it has the record before a reader's position.
 *
 * That it leads is looked at first: a leader's log only grows, so what it says afterwards holds for this reign, and a fetch
 * under this epoch is refused once the reign is over.
 *
 * @throws PostlogError `NOT_LEADER_OR_FOLLOWER`, `FENCED_LEADER_EPOCH` or `UNKNOWN_LEADER_EPOCH` when it does not lead under this epoch.
 */
export async function validatePosition(
  { broker, leaderEpoch }: Leadership,
  place: PartitionPlace,
  reader: {
    readonly position: Offset;
    readonly resolved: Offset | null;
    readonly lastEpoch: number;
    readonly reset: OffsetReset;
  },
): Promise<{ readonly verdict: PositionVerdict; readonly endEpoch: number }> {
  const [ends] = await broker.log.ends([place.partitionId]);
  const name = `${place.topic}-${place.partition}`;
  if (ends?.role !== 'leader') throw new PostlogError('NOT_LEADER_OR_FOLLOWER', `${name} has another leader now.`);
  if (ends.leaderEpoch !== leaderEpoch) {
    const code = ends.leaderEpoch > leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH';
    throw new PostlogError(code, `${name} is led under epoch ${ends.leaderEpoch}, not ${leaderEpoch}.`);
  }
  const end = await broker.log.endOfEpoch(place.partitionId, reader.lastEpoch);
  return { verdict: checkPosition({ ...reader, end, logStartOffset: ends.logStartOffset }), endEpoch: end.epoch };
}
