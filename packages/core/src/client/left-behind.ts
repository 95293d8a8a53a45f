import type { Offset } from '../record/offset.js';

/** How far a member's handlers were in a partition. */
export interface HandledUpTo {
  readonly offset: Offset;
  /** Of the last record before the offset; -1 when unknown. */
  readonly leaderEpoch: number;
}

/** A partition as the member held it. It may still learn: calls that began before the drop end after it, and commits are answered. */
export interface Held {
  readonly partitionId: number;
  readonly ownerEpoch: number;
  readonly resolvedOffset: Offset | null;
  /** Of the last record before the resolved offset. */
  readonly leaderEpoch: number;
  readonly committedOffset: Offset | null;
  /** The same partition before an earlier drop, as long as no call has begun since. */
  readonly before: Held | undefined;
}

/** A partition as it is assigned. */
interface Assigned {
  readonly partitionId: number;
  readonly ownerEpoch: number;
}

/**
 * The partitions that a member dropped because its group did not answer.
 *
 * When it is given one back under the same owner epoch, nobody else owned it in between (the epoch rises with every change of owner): what its handlers
 * did counts, also when a commit of that is on its way still. Under another epoch, or as another member, only what was committed counts.
 */
export class LeftBehind {
  readonly #held = new Map<number, { readonly memberId: string | null; readonly held: Held }>();

  add(memberId: string | null, partition: Held): void {
    this.#held.set(partition.partitionId, { memberId, held: partition.before ?? partition });
  }

  /** The partition as this very owner held it; forgets it. */
  take(memberId: string | null, { partitionId, ownerEpoch }: Assigned): Held | undefined {
    const left = this.#held.get(partitionId);
    this.#held.delete(partitionId);
    return left?.memberId === memberId && left.held.ownerEpoch === ownerEpoch ? left.held : undefined;
  }
}

type Known = Pick<Held, 'resolvedOffset' | 'leaderEpoch' | 'committedOffset'>;

/**
 * Where an owner goes on by all that it knows of a partition, now and from before a drop: where its handlers were, or where it committed, whichever is
 * further. A commit that was confirmed late may be newer than what the group told. Null where nothing is known.
 */
export function goOnAt(now: Known, before: Known | undefined): HandledUpTo | null {
  const known = before === undefined ? [now] : [now, before];
  const places = [
    ...known.map(({ resolvedOffset, leaderEpoch }) => ({ offset: resolvedOffset, leaderEpoch })),
    ...known.map(({ committedOffset }) => ({ offset: committedOffset, leaderEpoch: -1 })),
  ];
  let furthest: HandledUpTo | null = null;
  for (const { offset, leaderEpoch } of places) {
    if (offset !== null && (furthest === null || offset > furthest.offset)) furthest = { offset, leaderEpoch };
  }
  return furthest;
}
