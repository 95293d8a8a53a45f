import type { PostlogError } from '../errors/postlog-error.js';
import type { Offset } from '../record/offset.js';
import type { Cluster } from './cluster.js';
import type { OffsetReset } from './consumer-types.js';
import type { HandledUpTo, Held } from './left-behind.js';
import type { ReadAhead } from './read-ahead.js';
import type { Gathering } from './record-buffer.js';

export interface AssignedPartitionOptions {
  readonly cluster: Cluster;
  readonly topic: string;
  readonly partition: number;
  readonly partitionId: number;
  /** The epoch under which this member took the partition over; a commit is compared with it. */
  readonly ownerEpoch: number;
  readonly committedOffset: Offset | null;
  /** Of the last record before the committed offset; -1 when unknown. */
  readonly leaderEpoch: number;
  /** Compared with a claim's: whichever is newer says where to go on. */
  readonly resetEpoch: number;
  /** Takes the partition's claim, and answers where that goes on; undefined where there are no claims. */
  readonly claim: (() => Promise<HandledUpTo | null>) | undefined;
  /** The same partition as this owner held it before a drop; undefined for one that is new to it, and where there are claims. */
  readonly before: Held | undefined;
  /** Where to begin when nothing was committed or handled, or when that is out of range. */
  readonly reset: OffsetReset;
  readonly maxBytes: number;
  /** How many records a call of the handler waits for, and how long; undefined: it takes what is there. */
  readonly gathering: Gathering | undefined;
  /** What all partitions of the consumer have read ahead. */
  readonly readAhead: ReadAhead;
  /** There are records to handle. */
  readonly onRecords: () => void;
  /** There is something to commit. */
  readonly onDirty: () => void;
  readonly onFetchStart: () => void;
  readonly onFetched: (fetched: { readonly numberOfBatches: number; readonly duration: number }) => void;
  readonly onFault: (error: unknown) => void;
  /** There is nowhere to begin, and nothing but the user can change that. */
  readonly onFatal: (error: PostlogError) => void;
}
