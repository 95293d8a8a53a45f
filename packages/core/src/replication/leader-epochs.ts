import { offset, type Offset } from '../record/offset.js';
import type { EpochStart } from './replica-store.js';

/** Where an epoch ends in a log; epoch -1 when none at or below the one that was asked for is known. */
export interface EpochEnd {
  readonly epoch: number;
  readonly endOffset: Offset;
}

/**
 * Where leader epochs begin in a log, with one more (rules C18, C19); ascending in epoch and in offset.
 *
 * An epoch that is known keeps its start. What no record stands behind gives way: a broker that led without appending
 * anything may later copy records of an earlier epoch to that very offset, and would otherwise say that this epoch ends
 * where it begins, upon which its followers would drop records that are on all in-sync replicas.
 */
export function appendEpoch(epochs: readonly EpochStart[], epoch: number, startOffset: Offset): readonly EpochStart[] {
  const kept = epochs.filter((known) =>
    known.epoch === epoch ? known.startOffset <= startOffset : known.epoch < epoch && known.startOffset < startOffset,
  );
  return kept.at(-1)?.epoch === epoch ? kept : [...kept, { epoch, startOffset }];
}

/** The largest known epoch at or below `epoch`, and the first offset of the next one, or the log's end (rule C21). */
export function endOfEpoch(epochs: readonly EpochStart[], logEndOffset: Offset, epoch: number): EpochEnd {
  let known = -1;
  for (const each of epochs) {
    if (each.epoch > epoch) return { epoch: known, endOffset: each.startOffset };
    known = each.epoch;
  }
  return { epoch: known, endOffset: logEndOffset };
}

/**
 * Where a follower's log parts from its leader's, or undefined when it is a prefix of it (rule C22).
 *
 * `lastEpoch` is the epoch of the follower's last record, -1 when it has none.
 */
export function divergence(
  leader: { readonly epochs: readonly EpochStart[]; readonly logEndOffset: Offset },
  fetchOffset: Offset,
  lastEpoch: number,
): EpochEnd | undefined {
  if (lastEpoch < 0) {
    return fetchOffset > leader.logEndOffset ? { epoch: -1, endOffset: leader.logEndOffset } : undefined;
  }
  const end = endOfEpoch(leader.epochs, leader.logEndOffset, lastEpoch);
  return end.epoch < lastEpoch || end.endOffset < fetchOffset ? end : undefined;
}

/** Where a follower cuts its log at that answer: at the smaller of both ends. It asks again until the epochs agree (rule C22). */
export function truncationPoint(
  own: { readonly epochs: readonly EpochStart[]; readonly logEndOffset: Offset },
  answer: EpochEnd,
): Offset {
  const end = endOfEpoch(own.epochs, own.logEndOffset, answer.epoch).endOffset;
  return end < answer.endOffset ? end : answer.endOffset;
}

/** What is left of the list when the log ends at `logEndOffset`. */
export function truncateEpochs(epochs: readonly EpochStart[], logEndOffset: Offset): readonly EpochStart[] {
  return epochs.filter(({ startOffset }) => startOffset < logEndOffset);
}

/** The epoch of the last record, -1 when there is none: an epoch under which nothing was appended does not count. */
export function lastEpochOf(epochs: readonly EpochStart[], logEndOffset: Offset): number {
  return epochs.findLast(({ startOffset }) => startOffset < logEndOffset)?.epoch ?? -1;
}

/** The first offset of an epoch; 0 for one that the list does not know. */
export function startOfEpoch(epochs: readonly EpochStart[], epoch: number): Offset {
  return epochs.find((known) => known.epoch === epoch)?.startOffset ?? offset(0);
}
