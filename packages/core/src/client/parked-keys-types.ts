/** A record that waits for another attempt, or for an earlier one of its key. */
export interface ParkedRecord {
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer;
  /** How often its handler failed; 0: it only waits for an earlier one of its key. */
  readonly attempts: number;
  readonly errorName: string | null;
  readonly errorMessage: string | null;
  readonly handlerId: string | null;
  /** Milliseconds since 1970. */
  readonly parkedAt: string;
  /** Until its next attempt, if it is the first of its key then, in milliseconds; 0: now. */
  readonly dueInMs: number;
}

/** Which parked records are meant. */
export type ChosenParked =
  | { readonly key: string | Uint8Array; readonly partition?: never; readonly offset?: never; readonly all?: never }
  | { readonly partition: number; readonly offset: string; readonly key?: never; readonly all?: never }
  | { readonly all: true; readonly key?: never; readonly partition?: never; readonly offset?: never };

/** The keys that a group has parked of a topic. What is asked for is done by the partition's owner, within some second while it runs. */
export interface ParkedKeys {
  /** By partition and offset, without content. */
  list(): Promise<ParkedRecord[]>;
  /** Has the first record of each of these keys handled now, whenever it was due. */
  release(chosen: ChosenParked): Promise<{ readonly released: number }>;
  /** Has records become dead letters; what waited for them goes on. */
  discard(chosen: ChosenParked): Promise<{ readonly discarded: number }>;
}
