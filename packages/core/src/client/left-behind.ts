import type { Offset } from '../record/offset.js';

/** How far a member's handlers were in a partition. */
export interface HandledUpTo {
  readonly offset: Offset;
  /** Of the last record before the offset; -1 when unknown. */
  readonly leaderEpoch: number;
}

/** A partition as the member held it. */
interface Held {
  readonly partitionId: number;
  readonly ownerEpoch: number;
  readonly resolvedOffset: Offset | null;
  readonly leaderEpoch: number;
}

/** A partition as it is assigned. */
interface Assigned {
  readonly partitionId: number;
  readonly ownerEpoch: number;
  readonly committedOffset: Offset | null;
  readonly leaderEpoch: number;
}

/**
 * What a member had handled in partitions that it dropped because its group did not answer.
 *
 * When it is given one back under the same owner epoch, nobody else owned it in between (the epoch rises with every change of owner): it goes on where
 * its handlers were, also when a commit of that is on its way still. Under another epoch only what was committed counts.
 */
export class LeftBehind {
  readonly #held = new Map<number, Held>();

  add({ partitionId, ownerEpoch, resolvedOffset, leaderEpoch }: Held): void {
    this.#held.set(partitionId, { partitionId, ownerEpoch, resolvedOffset, leaderEpoch });
  }

  /** Where to go on; null where nothing was committed and nothing is known. Forgets what it knew of the partition. */
  take({ partitionId, ownerEpoch, committedOffset, leaderEpoch }: Assigned): HandledUpTo | null {
    const held = this.#held.get(partitionId);
    this.#held.delete(partitionId);
    const committed = committedOffset === null ? null : { offset: committedOffset, leaderEpoch };
    if (held === undefined || held.resolvedOffset === null || held.ownerEpoch !== ownerEpoch) return committed;
    if (committedOffset !== null && held.resolvedOffset <= committedOffset) return committed;
    return { offset: held.resolvedOffset, leaderEpoch: held.leaderEpoch };
  }
}
