import { PostlogError } from '../errors/postlog-error.js';
import { handleProduce, type ProduceBatch } from '../broker/handle-produce.js';
import type { Appended } from '../log/log.store.js';
import { NO_PRODUCER_ID } from '../record/record-batch.js';
import { afterTurn } from '../runtime/after-turn.js';
import { retryDelay, type ResolvedRetry } from '../runtime/backoff.js';
import type { EventBus } from '../runtime/events.js';
import type { Cluster } from './cluster.js';
import type { MetadataCache } from './metadata-cache.js';
import { asPostlogError, refusalOf, timedOut } from './produce-errors.js';
import type { ProducerBatch } from './producer-batch.js';
import { PRODUCER_EVENTS } from './producer-types.js';
import type { PartitionQueue, RecordAccumulator } from './record-accumulator.js';

/** Two requests at a time: while one waits for the disk, the next is built and sent. */
const MOST_REQUESTS = 2;
const MOST_PRODUCER_EPOCH = 32_767;
const SEQUENCES = 2 ** 31;
/** After a batch that hardly shrank, so many go uncompressed before it is tried again. */
const PLAIN_BATCHES = 15;

export interface SenderOptions {
  readonly cluster: Cluster;
  readonly metadata: MetadataCache;
  readonly accumulator: RecordAccumulator;
  readonly events: EventBus;
  readonly isIdempotent: boolean;
  readonly lingerMs: number;
  readonly batchSize: number;
  readonly maxRequestSize: number;
  readonly retry: ResolvedRetry;
  /** Bytes of records that have their outcome. */
  readonly onFreed: (bytes: number) => void;
}

interface Parcel {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
}

/**
 * Sends what the accumulator holds: one append in flight for each partition, so that order and sequence need no luck.
 * A batch whose answer was lost is sent again as it was; the broker recognises it. A batch ends as stored, failed, or, when
 * its deadline passes in doubt, unknown; after that its partition goes on under the next producer epoch, which
 * fences the append that may still be on its way.
 */
export class Sender {
  readonly #options: SenderOptions;
  #producerId: bigint;
  #requests = 0;
  #isPoked = false;
  #cancelTimer: (() => void) | undefined;
  #idle: (() => void)[] = [];

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#producerId = options.isIdempotent ? options.cluster.random.producerId() : NO_PRODUCER_ID;
  }

  /** There is something new to send. */
  poke(): void {
    if (this.#isPoked) return;
    this.#isPoked = true;
    afterTurn(() => {
      this.#isPoked = false;
      this.#drain();
    });
  }

  /** Resolves when nothing waits and nothing is in flight. */
  whenIdle(): Promise<void> {
    return this.#options.accumulator.waiting.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idle.push(resolve));
  }

  #drain(): void {
    const now = this.#options.cluster.clock.monotonic();
    this.#expire(now);
    while (this.#requests < MOST_REQUESTS) {
      const parcels = this.#take(now);
      if (parcels.length === 0) break;
      this.#requests += 1;
      void this.#request(parcels).finally(() => {
        this.#requests -= 1;
        this.#drain();
      });
    }
    this.#schedule(now);
    if (this.#options.accumulator.waiting.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** The batches of the next request. A partition with more than one batch waiting gets a request of its own, so that it holds up no other. */
  #take(now: number): Parcel[] {
    const ready = [...this.#options.accumulator.waiting].filter((queue) => this.#isReady(queue, now));
    const busy = ready.find((queue) => queue.batches.length > 1);
    const parcels: Parcel[] = [];
    let bytes = 0;
    for (const queue of busy === undefined ? ready : [busy]) {
      const batch = queue.batches[0]!;
      if (bytes > 0 && bytes + batch.sizeInBytes > this.#options.maxRequestSize) break;
      bytes += batch.sizeInBytes;
      queue.isInFlight = true;
      parcels.push({ queue, batch });
    }
    return parcels;
  }

  #isReady(queue: PartitionQueue, now: number): boolean {
    if (queue.isInFlight || queue.notBefore > now) return false;
    const batch = queue.batches[0]!;
    const { lingerMs, batchSize } = this.#options;
    return (
      lingerMs === 0 || queue.batches.length > 1 || batch.sizeInBytes >= batchSize || now - batch.createdAt >= lingerMs
    );
  }

  async #request(parcels: readonly Parcel[]): Promise<void> {
    const { cluster, events } = this.#options;
    const sent: Parcel[] = [];
    const requests: ProduceBatch[] = [];
    for (const parcel of parcels) {
      const request = await this.#build(parcel);
      if (request === undefined) continue;
      requests.push(request);
      sent.push(parcel);
    }
    if (sent.length === 0) return;
    const startedAt = cluster.clock.monotonic();
    try {
      const { broker } = await cluster.leaderOf(sent[0]!.queue.place);
      const answers = await handleProduce(broker, requests);
      const byPartition = new Map(answers.map((answer) => [answer.partitionId, answer]));
      for (const parcel of sent) await this.#conclude(parcel, byPartition.get(parcel.queue.place.partitionId));
    } catch (cause) {
      const error = asPostlogError(cause);
      if (error.code === 'REQUEST_TIMED_OUT') events.emit(PRODUCER_EVENTS.REQUEST_TIMEOUT, { apiName: 'Produce' });
      for (const parcel of sent) this.#failed(parcel, error);
    }
    events.emit(PRODUCER_EVENTS.REQUEST, {
      apiName: 'Produce',
      duration: cluster.clock.monotonic() - startedAt,
      partitions: sent.length,
    });
  }

  async #build(parcel: Parcel): Promise<ProduceBatch | undefined> {
    const { queue, batch } = parcel;
    try {
      const identity = batch.identity ?? {
        producerId: this.#producerId,
        producerEpoch: this.#options.isIdempotent ? queue.producerEpoch : -1,
        baseSequence: this.#options.isIdempotent ? queue.nextSequence : -1,
      };
      const bytes = await batch.build(identity, queue.plainBatches === 0);
      queue.plainBatches = batch.hardlyShrank ? PLAIN_BATCHES : Math.max(0, queue.plainBatches - 1);
      if (bytes.length > queue.maxMessageBytes) {
        throw new PostlogError(
          'MESSAGE_TOO_LARGE',
          `a batch for ${queue.topic} has ${bytes.length} bytes, over max.message.bytes (${queue.maxMessageBytes}); send smaller records or raise the topic's setting.`,
        );
      }
      batch.attempts += 1;
      const { partitionId, leaderEpoch } = queue.place;
      return { partitionId, leaderEpoch, maxMessageBytes: queue.maxMessageBytes, bytes };
    } catch (error) {
      this.#failed(parcel, asPostlogError(error));
      return undefined;
    }
  }

  async #conclude(parcel: Parcel, answer: Appended | undefined): Promise<void> {
    const { queue, batch } = parcel;
    const error = answer?.error;
    if (answer !== undefined && (error === undefined || error === 'DUPLICATE_SEQUENCE_NUMBER')) {
      // A duplicate from before the window is stored; only its offset is not known any more.
      batch.deliver(queue, answer.baseOffset ?? -1n, answer.logStartOffset ?? -1n);
      queue.nextSequence = (batch.identity!.baseSequence + batch.recordCount) % SEQUENCES;
      this.#finish(queue);
      return;
    }
    const refusal = refusalOf(error);
    if (refusal.retriable && !(await this.#refresh(queue))) {
      this.#end(parcel, new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${queue.topic} was deleted.`));
      return;
    }
    this.#failed(parcel, refusal);
  }

  /** Reads the topic again; false when it (or this partition) is gone. */
  async #refresh(queue: PartitionQueue): Promise<boolean> {
    const found = await this.#options.metadata.find(queue.topic).catch(() => 'unreachable' as const);
    if (found === 'unreachable') return true;
    const stored = found?.partitions[queue.partition];
    if (found === undefined || stored === undefined) return false;
    if (stored.partitionId !== queue.place.partitionId) queue.nextSequence = 0;
    queue.place = stored;
    queue.maxMessageBytes = found.config.maxMessageBytes;
    return true;
  }

  /** Repeats the batch after a rest, or ends it when that makes no sense or its time is up. */
  #failed(parcel: Parcel, error: PostlogError): void {
    const { queue, batch } = parcel;
    const { clock, random } = this.#options.cluster;
    if (error.outcome === 'unknown') batch.isInDoubt = true;
    const wait = retryDelay(this.#options.retry, batch.attempts - 1, random.next);
    const retryAt = clock.monotonic() + wait;
    if (!error.retriable || retryAt >= batch.deadline) {
      this.#end(parcel, error);
      return;
    }
    queue.isInFlight = false;
    queue.notBefore = retryAt;
  }

  #end({ queue, batch }: Parcel, error: PostlogError): void {
    if (batch.isInDoubt) {
      this.#nextEpoch(queue);
      batch.fail(
        new PostlogError(error.code, `the outcome is unknown, the records may be stored: ${error.message}`, {
          cause: error,
          outcome: 'unknown',
        }),
      );
    } else {
      if (error.code === 'OUT_OF_ORDER_SEQUENCE_NUMBER' || error.code === 'INVALID_PRODUCER_EPOCH')
        this.#nextEpoch(queue);
      batch.fail(error);
    }
    this.#finish(queue);
  }

  #nextEpoch(queue: PartitionQueue): void {
    if (!this.#options.isIdempotent) return;
    if (queue.producerEpoch >= MOST_PRODUCER_EPOCH) {
      // A fresh id has no state anywhere, so every partition may go on with the numbers it has.
      this.#producerId = this.#options.cluster.random.producerId();
      queue.producerEpoch = 0;
    } else {
      queue.producerEpoch += 1;
    }
    queue.nextSequence = 0;
  }

  #finish(queue: PartitionQueue): void {
    queue.isInFlight = false;
    queue.notBefore = 0;
    this.#options.onFreed(this.#options.accumulator.finish(queue));
  }

  /** Ends batches whose time is up while they wait. */
  #expire(now: number): void {
    for (const queue of [...this.#options.accumulator.waiting]) {
      while (!queue.isInFlight && queue.batches.length > 0 && queue.batches[0]!.deadline <= now) {
        this.#end({ queue, batch: queue.batches[0]! }, timedOut());
      }
    }
  }

  /** Wakes up for the next batch whose linger, rest or deadline ends. */
  #schedule(now: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    let next = Infinity;
    for (const queue of this.#options.accumulator.waiting) {
      const batch = queue.batches[0]!;
      if (queue.isInFlight) continue;
      const ready = Math.max(queue.notBefore, batch.createdAt + this.#options.lingerMs);
      next = Math.min(next, ready > now ? ready : Infinity, batch.deadline);
    }
    if (next < Infinity)
      this.#cancelTimer = this.#options.cluster.clock.after(Math.max(1, next - now), () => this.#drain());
  }
}
