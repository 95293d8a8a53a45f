import { PostlogError } from '../errors/postlog-error.js';
import type { StoredBatch } from '../log/log.store.js';
import type { ConsumedMessage } from '../record/messages.js';
import { offset, type Offset } from '../record/offset.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import { verifyBatch } from '../record/record-batch.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { Cluster } from './cluster.js';
import type { OffsetReset } from './consumer-types.js';
import type { ReadAhead } from './read-ahead.js';
import { findStart, type StartPosition } from './start-position.js';

/** Records of one fetch, decoded, in order. */
export interface FetchedRecords {
  readonly messages: ConsumedMessage[];
  readonly highWatermark: Offset;
  readonly bytes: number;
  /** Where reading goes on after these. */
  readonly nextOffset: Offset;
  readonly leaderEpoch: number;
}

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
  /** Where to begin without a committed offset, or when it is out of range. */
  readonly reset: OffsetReset;
  readonly maxBytes: number;
  /** What all partitions of the consumer have read ahead. */
  readonly readAhead: ReadAhead;
  /** There are records to handle. */
  readonly onRecords: () => void;
  readonly onFetchStart: () => void;
  readonly onFetched: (fetched: { readonly numberOfBatches: number; readonly duration: number }) => void;
  readonly onFault: (error: unknown) => void;
  /** There is nowhere to begin, and nothing but the user can change that. */
  readonly onFatal: (error: PostlogError) => void;
}

/**
 * One partition while this member owns it: where it reads, what it has read ahead, how far the handler got, and what is
 * committed. It fetches by itself, one fetch ahead of the handler, so that a slow partition holds up no other.
 */
export class AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly partitionId: number;
  readonly ownerEpoch: number;
  /** Everything before it is handled; what a commit stores. Null until the position is known. */
  resolvedOffset: Offset | null;
  committedOffset: Offset | null;
  /** Epoch of the leader that wrote the last record that was handled. */
  leaderEpoch: number;
  /** An explicit seek went back, so the next commit may too. */
  mayCommitBackwards = false;
  isPaused = false;
  isBeingHandled = false;
  failures = 0;
  /** When its records were last given to the handler, counted in calls. */
  lastTurn = 0;
  /** After a failure, until the handler is called again. */
  isResting = false;
  readonly #options: AssignedPartitionOptions;
  readonly #stopping = new AbortController();
  #position: Offset | null;
  /** Where to begin while there is no position. */
  #start: StartPosition;
  #buffer: FetchedRecords[] = [];
  /** Rises with every seek: what was fetched or is handled before it is stale. */
  #generation = 0;
  #hasRoom: Deferred<void> = createDeferred<void>();
  #seeking = new AbortController();

  constructor(options: AssignedPartitionOptions) {
    this.#options = options;
    this.topic = options.topic;
    this.partition = options.partition;
    this.partitionId = options.partitionId;
    this.ownerEpoch = options.ownerEpoch;
    this.committedOffset = options.committedOffset;
    this.leaderEpoch = options.leaderEpoch;
    this.#start = options.reset;
    this.resolvedOffset = options.committedOffset;
    this.#position = options.committedOffset;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Given up or stopped: nothing that is still running may go on with it. */
  get isReleased(): boolean {
    return this.#stopping.signal.aborted;
  }

  get hasRecords(): boolean {
    return this.#buffer.length > 0;
  }

  get isDirty(): boolean {
    return this.resolvedOffset !== null && this.resolvedOffset !== this.committedOffset;
  }

  start(): void {
    void this.#fetchLoop();
  }

  /** Stops fetching; a handler that runs sees `isReleased`. */
  release(): void {
    this.#stopping.abort();
    this.#seeking.abort();
    this.#hasRoom.resolve();
    this.#dropBuffer();
  }

  /** Goes on from here: drops what was read ahead and makes running handlers stale. */
  seek(to: Offset | StartPosition): void {
    this.#generation += 1;
    this.#position = typeof to === 'bigint' ? to : null;
    if (typeof to !== 'bigint') this.#start = to;
    this.#dropBuffer();
    this.mayCommitBackwards = true;
    this.resolvedOffset = this.#position;
    this.failures = 0;
    this.isResting = false;
    this.#seeking.abort();
    this.#seeking = new AbortController();
    this.#hasRoom.resolve();
  }

  takeRecords(): FetchedRecords | undefined {
    const records = this.#buffer.shift();
    if (records !== undefined) this.#options.readAhead.remove(records.bytes);
    this.#hasRoom.resolve();
    return records;
  }

  /** Puts back what was not handled, from `fromOffset` on, to be handled again. */
  returnRecords(records: FetchedRecords, fromOffset: Offset, generation: number): void {
    if (this.isReleased || generation !== this.#generation) return;
    const first = records.messages.findIndex((message) => BigInt(message.offset) >= fromOffset);
    if (first < 0) return;
    this.#buffer.unshift({ ...records, messages: records.messages.slice(first) });
    this.#options.readAhead.add(records.bytes);
  }

  /** Everything before `next` is handled; never goes back but by `seek`. */
  resolve(next: Offset, generation: number, leaderEpoch: number): void {
    if (generation !== this.#generation) return;
    if (this.resolvedOffset === null || next > this.resolvedOffset) {
      this.resolvedOffset = next;
      this.leaderEpoch = leaderEpoch;
    }
  }

  async #fetchLoop(): Promise<void> {
    const { cluster } = this.#options;
    while (!this.isReleased) {
      try {
        if (this.#position === null) {
          const generation = this.#generation;
          const begin = await findStart(cluster, this, this.#start);
          if (generation !== this.#generation) continue; // A seek was faster.
          this.#position = begin;
          this.resolvedOffset = begin;
        }
        if (this.#buffer.length > 0) {
          this.#hasRoom = createDeferred<void>();
          await this.#hasRoom.promise;
        } else {
          await this.#options.readAhead.untilRoom();
          await this.#fetchOnce(this.#position);
        }
      } catch (error) {
        if (this.isReleased) return;
        if (isNowhereToBegin(error)) {
          this.#options.onFatal(error);
          return;
        }
        this.#options.onFault(error);
        await cluster.clock.sleep(200, this.#stopping.signal);
      }
    }
  }

  async #fetchOnce(from: Offset): Promise<void> {
    const { cluster, partitionId, maxBytes, onRecords, onFetchStart, onFetched } = this.#options;
    const generation = this.#generation;
    const signal = this.#seeking.signal;
    const startedAt = cluster.clock.monotonic();
    onFetchStart();
    const { broker } = await cluster.leaderOf(this);
    const answer = await broker.fetches.fetch({ partitionId, fetchOffset: from, maxBytes, signal });
    if (answer === undefined || this.isReleased || generation !== this.#generation) return;
    if (answer.error === 'OFFSET_OUT_OF_RANGE') {
      const { topic, partition } = this;
      this.#start = this.#options.reset;
      cluster.logger.warn('a fetch was out of range', { topic, partition, offset: String(from), reset: this.#start });
      this.#position = null;
      this.mayCommitBackwards = true;
      return;
    }
    if (answer.error !== undefined) {
      throw new PostlogError(answer.error, `fetching ${this.topic}-${this.partition} from ${from} was refused.`);
    }
    onFetched({ numberOfBatches: answer.batches.length, duration: cluster.clock.monotonic() - startedAt });
    const records = this.#decode(answer.batches, from, answer.highWatermark!);
    this.#position = records.nextOffset;
    if (records.messages.length === 0) return;
    this.#buffer.push(records);
    this.#options.readAhead.add(records.bytes);
    onRecords();
  }

  #dropBuffer(): void {
    for (const { bytes } of this.#buffer) this.#options.readAhead.remove(bytes);
    this.#buffer = [];
  }

  #decode(batches: readonly StoredBatch[], from: Offset, highWatermark: Offset): FetchedRecords {
    let bytes = 0;
    let nextOffset = from;
    let leaderEpoch = -1;
    const decoded = batches.map((batch) => {
      verifyBatch(batch.bytes);
      bytes += batch.bytes.length;
      nextOffset = offset(batch.lastOffset + 1n);
      leaderEpoch = batch.leaderEpoch;
      return decodeBatch(batch.bytes, { baseOffset: batch.baseOffset, fromOffset: from });
    });
    return {
      messages: decoded.length === 1 ? decoded[0]! : decoded.flat(),
      highWatermark,
      bytes,
      nextOffset,
      leaderEpoch,
    };
  }
}

function isNowhereToBegin(error: unknown): error is PostlogError {
  return error instanceof PostlogError && error.code === 'NO_OFFSET_FOR_PARTITION';
}
