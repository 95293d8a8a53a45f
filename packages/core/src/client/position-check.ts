import type { Offset } from '../record/offset.js';
import type { OffsetReset } from './consumer-types.js';

/** How far a reader is, and what the log of a new leader says of the reader's last record. */
export interface PositionToCheck {
  /** The next offset to read. */
  readonly position: Offset;
  /** Everything before it is handled; null before anything is. */
  readonly resolved: Offset | null;
  /** Epoch of the record before the position, 0 or more. */
  readonly lastEpoch: number;
  /** The largest epoch at or below it that the leader knows, -1 for none, and where that ends in the leader's log (rule C21). */
  readonly end: { readonly epoch: number; readonly endOffset: Offset };
  readonly logStartOffset: Offset;
  readonly reset: OffsetReset;
}

/**
 * `lost`: the leader lacks the records from `lostFrom` up to the position; reading goes on at `goOnAt`. `diverged`: other records
 * stand before the position, nobody knows from where on. `refused`: one of both, and the user wants to be asked.
 */
export type PositionVerdict =
  | { readonly kind: 'valid' }
  | { readonly kind: 'lost'; readonly lostFrom: Offset; readonly goOnAt: Offset }
  | { readonly kind: 'diverged' }
  | { readonly kind: 'refused'; readonly lostFrom: Offset | undefined };

/**
 * Whether a reader may go on where it is under a new leader (rules C20, C25; KIP-320).
 *
 * An election among in-sync replicas loses nothing that was read, so anything but `valid` follows from an unclean election or a lost
 * disk. Reading goes on at the first offset that is known to differ, or before it where the handler has not come so far: going on
 * at the log's end would skip what the new leader has instead.
 */
export function checkPosition(place: PositionToCheck): PositionVerdict {
  const { position, resolved, lastEpoch, end, logStartOffset, reset } = place;
  if (end.endOffset < position) {
    if (reset === 'none') return { kind: 'refused', lostFrom: end.endOffset };
    const goOnAt = resolved !== null && resolved < end.endOffset ? resolved : end.endOffset;
    return { kind: 'lost', lostFrom: end.endOffset, goOnAt };
  }
  // Before the log's start epochs are forgotten; there the fetch says that the offset is out of range.
  const hasOtherRecord = end.epoch < lastEpoch && end.endOffset > position && position >= logStartOffset;
  if (!hasOtherRecord) return { kind: 'valid' };
  return reset === 'none' ? { kind: 'refused', lostFrom: undefined } : { kind: 'diverged' };
}
