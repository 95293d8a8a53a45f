/**
 * The log of a cluster, for the outbox of a database that is no broker's. Batches are committed in that database before they are sent, with the producer id and the
 * sequences that they keep: whoever sends them, and however often, they are appended once.
 *
 * O4  What is composed is not composed again: the mark moves in the call that keeps the batches.
 * O5  A batch is forgotten only when it is on all in-sync replicas, or its topic is gone. Of a partition one is on its way at a time, in order.
 */
import { rewriteProducer } from '../record/rewrite-producer.js';
import type { Database } from '../postgres/database.js';
import { retryDelay, DEFAULT_RETRY } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { ComposedBatch } from './compose-batches.js';
import {
  forgetBatches,
  forgetSequences,
  keepBatches,
  readKeptBatches,
  readSequences,
  type KeptBatch,
} from './composed-batch.store.js';
import type { NextMark, SequencedBatch, SequencerFence } from './outbox.store.js';
import type { SequencedLog } from './sequencer.js';

/** `gone`: the partition does not exist any more. */
export type SendOutcome = 'stored' | 'gone';

export interface ClusterLogOptions {
  readonly database: Database;
  readonly producerId: bigint;
  readonly clock: Clock;
  readonly random: () => number;
  /** Sends a batch to the leader of its partition, all in-sync replicas included. @throws anything: it is sent again */
  readonly send: (batch: KeptBatch) => Promise<SendOutcome>;
  readonly onDropped: (partitionIds: readonly number[]) => void;
  readonly onError: (error: unknown) => void;
}

const PRODUCER_EPOCH = 0;
const LAST_SEQUENCE = 2_147_483_647n;
/** Composed and not stored yet; beyond that the outbox waits. */
const MOST_BYTES = 16_777_216;
const RETRY = { ...DEFAULT_RETRY, initialRetryTime: 20, maxRetryTime: 1_000 };
const FORGET_SEQUENCES_EVERY = 1_000;

export class ClusterLog implements SequencedLog {
  readonly #options: ClusterLogOptions;
  #sequences: Map<number, bigint> | undefined;
  readonly #queues = new Map<number, KeptBatch[]>();
  readonly #stored: bigint[] = [];
  #bytes = 0;
  #room: Deferred<void> | undefined;
  #isForgetting = false;
  #composed = 0;
  readonly #stopping = new AbortController();

  constructor(options: ClusterLogOptions) {
    this.#options = options;
  }

  async takeOver(): Promise<void> {
    const { database } = this.#options;
    this.#sequences = await readSequences(database);
    // What is queued here already is sent by those loops; the rest was a predecessor's.
    const queued = new Set([...this.#queues.values()].flat().map(({ batchNumber }) => batchNumber));
    for (const batch of await readKeptBatches(database)) if (!queued.has(batch.batchNumber)) this.#enqueue(batch);
  }

  async append(
    fence: SequencerFence,
    next: NextMark,
    rounds: readonly (readonly ComposedBatch[])[],
  ): Promise<readonly SequencedBatch[] | undefined> {
    if (this.#sequences === undefined) await this.takeOver();
    await this.#untilRoom();
    const sequences = new Map(this.#sequences);
    const changed = new Map<number, bigint>();
    const batches = rounds.flat().map((batch) => this.#numbered(batch, sequences, changed));
    let numbers: bigint[] | undefined;
    try {
      numbers = await keepBatches(this.#options.database, fence, next, batches, changed);
    } finally {
      // Whatever became of it, what is known of sequences may be old.
      if (numbers === undefined) this.#sequences = undefined;
    }
    if (numbers === undefined) return undefined;
    this.#sequences = sequences;
    batches.forEach((batch, index) => this.#enqueue({ ...batch, batchNumber: numbers![index]! }));
    this.#tidy();
    return [];
  }

  /** No further sends; what is kept is the next one's. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#room?.resolve();
    await this.#forget();
  }

  #numbered(
    { partitionId, bytes, recordCount }: ComposedBatch,
    sequences: Map<number, bigint>,
    changed: Map<number, bigint>,
  ) {
    const { producerId } = this.#options;
    const sequence = sequences.get(partitionId) ?? 0n;
    const after = sequence + BigInt(recordCount);
    sequences.set(partitionId, after);
    changed.set(partitionId, after);
    const producer = { producerId, producerEpoch: PRODUCER_EPOCH, baseSequence: Number(sequence & LAST_SEQUENCE) };
    return { partitionId, bytes: rewriteProducer(bytes, producer) };
  }

  #enqueue(batch: KeptBatch): void {
    this.#bytes += batch.bytes.length;
    const queue = this.#queues.get(batch.partitionId);
    if (queue !== undefined) {
      queue.push(batch);
      return;
    }
    this.#queues.set(batch.partitionId, [batch]);
    void this.#sendAll(batch.partitionId);
  }

  async #sendAll(partitionId: number): Promise<void> {
    const queue = this.#queues.get(partitionId)!;
    while (queue.length > 0 && !this.#stopping.signal.aborted) {
      const batch = queue[0]!;
      if ((await this.#sendUntilSettled(batch)) === undefined) break;
      queue.shift();
      this.#bytes -= batch.bytes.length;
      this.#stored.push(batch.batchNumber);
      void this.#forget();
      this.#room?.resolve();
    }
    this.#queues.delete(partitionId);
  }

  async #sendUntilSettled(batch: KeptBatch): Promise<SendOutcome | undefined> {
    const { send, onDropped, onError, clock, random } = this.#options;
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const outcome = await send(batch);
        if (outcome === 'gone') onDropped([batch.partitionId]);
        return outcome;
      } catch (error) {
        onError(error);
        await clock.sleep(retryDelay(RETRY, attempt, random), signal);
      }
    }
    return undefined;
  }

  /** A batch that is forgotten late is sent once more and known to its partition. */
  async #forget(): Promise<void> {
    if (this.#isForgetting) return;
    this.#isForgetting = true;
    const { database, onError, clock, random } = this.#options;
    const { signal } = this.#stopping;
    for (let failures = 0; this.#stored.length > 0;) {
      const numbers = this.#stored.splice(0);
      try {
        await forgetBatches(database, numbers);
      } catch (error) {
        onError(error);
        // While one is kept, whoever holds sends back for it holds them back.
        this.#stored.push(...numbers);
        if (signal.aborted) break;
        await clock.sleep(retryDelay(RETRY, failures++, random), signal);
      }
    }
    this.#isForgetting = false;
  }

  #tidy(): void {
    if (++this.#composed % FORGET_SEQUENCES_EVERY !== 0) return;
    void forgetSequences(this.#options.database).catch(this.#options.onError);
  }

  async #untilRoom(): Promise<void> {
    while (this.#bytes > MOST_BYTES && !this.#stopping.signal.aborted) {
      this.#room = createDeferred<void>();
      await this.#room.promise;
    }
  }
}
