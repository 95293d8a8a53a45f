import { PostlogError } from '../errors/postlog-error.js';
import type { ProduceBatch } from '../broker/handle-produce.js';
import type { BrokerId } from '../cluster/cluster-image.js';
import type { Appended } from '../log/append.store.js';
import { NO_PRODUCER_ID } from '../record/record-batch.js';
import { afterTurn } from '../runtime/after-turn.js';
import { retryDelay, type ResolvedRetry } from '../runtime/backoff.js';
import type { EventBus } from '../runtime/events.js';
import type { Cluster } from './cluster.js';
import type { MetadataCache } from './metadata-cache.js';
import { refusalOf, timedOut } from './produce-errors.js';
import { aftermathOf } from './produce-outcome.js';
import { ProduceRequest, type Parcel, type Produce } from './produce-request.js';
import type { ProducerBatch } from './producer-batch.js';
import { PRODUCER_EVENTS } from './producer-types.js';
import type { PartitionQueue, RecordAccumulator } from './record-accumulator.js';
import { byLeader, chooseForRequest } from './request-plan.js';

/** Two requests to a leader at a time: while one waits for the disk, the next is built and sent. */
const MOST_REQUESTS = 2;
const MOST_PRODUCER_EPOCH = 32_767;
const SEQUENCES = 2 ** 31;
/** After a batch that hardly shrank, so many go uncompressed before it is tried again. */
const PLAIN_BATCHES = 15;

export interface SenderOptions {
  readonly cluster: Cluster;
  readonly metadata: MetadataCache;
  readonly produce: Produce;
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

/**
 * Sends what the accumulator holds: one append in flight for each partition, so that order and sequence need no luck.
 * A batch whose answer was lost, or whose leader was deposed meanwhile, is sent again as it was to whoever leads by then; the broker
 * recognises it. A batch ends as stored, failed, or, when its time is up in doubt, unknown; after that its partition
 * goes on under the next producer epoch, which fences the append that may still be on its way.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #underWay = new Set<ProduceRequest>();
  readonly #requests = new Map<BrokerId | undefined, number>();
  readonly #leaveLeaders: () => void;
  #producerId: bigint;
  #isPoked = false;
  #cancelTimer: (() => void) | undefined;
  #idle: (() => void)[] = [];

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#producerId = options.isIdempotent ? options.cluster.random.producerId() : NO_PRODUCER_ID;
    this.#leaveLeaders = options.cluster.onLeadersChanged(() => this.#followLeaders());
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

  /** It is idle, and nothing will be sent any more. */
  close(): void {
    this.#leaveLeaders();
    this.#cancelTimer?.();
  }

  #drain(): void {
    const { accumulator, cluster, maxRequestSize } = this.#options;
    const now = cluster.clock.monotonic();
    this.#expire(now);
    const ready = [...accumulator.waiting].filter((queue) => this.#isReady(queue, now));
    for (const [leader, queues] of byLeader(ready, ({ place }) => cluster.knownLeader(place)?.brokerId)) {
      let rest = queues;
      while (rest.length > 0 && (this.#requests.get(leader) ?? 0) < MOST_REQUESTS) {
        this.#send(leader, chooseForRequest(rest, maxRequestSize));
        rest = rest.filter(({ isInFlight }) => !isInFlight);
      }
    }
    this.#schedule(now);
    if (accumulator.waiting.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #isReady(queue: PartitionQueue, now: number): boolean {
    if (queue.isInFlight || queue.notBefore > now) return false;
    const batch = queue.batches[0]!;
    const { lingerMs, batchSize } = this.#options;
    return (
      lingerMs === 0 || queue.batches.length > 1 || batch.sizeInBytes >= batchSize || now - batch.createdAt >= lingerMs
    );
  }

  #send(leader: BrokerId | undefined, queues: readonly PartitionQueue[]): void {
    const { cluster, events, produce } = this.#options;
    const parcels = queues.map((queue): Parcel => {
      queue.isInFlight = true;
      queue.leaderEpoch = cluster.knownLeader(queue.place)?.leaderEpoch;
      return { queue, batch: queue.batches[0]!, leaderEpoch: queue.leaderEpoch };
    });
    this.#requests.set(leader, (this.#requests.get(leader) ?? 0) + 1);
    const request = new ProduceRequest({
      cluster,
      produce,
      leader,
      acks: parcels[0]!.batch.acks,
      parcels,
      build: (parcel) => this.#build(parcel),
      onAnswer: (parcel, answer) => this.#conclude(parcel, answer),
      onError: (parcel, error) => this.#failed(parcel, error, false),
      onDone: () => this.#underWay.delete(request),
      onProgress: () => this.poke(),
      onFree: () => {
        this.#requests.set(leader, this.#requests.get(leader)! - 1);
        this.#drain();
      },
      onEnded: (duration, partitions, error) => {
        if (error?.code === 'REQUEST_TIMED_OUT') events.emit(PRODUCER_EVENTS.REQUEST_TIMEOUT, { apiName: 'Produce' });
        events.emit(PRODUCER_EVENTS.REQUEST, { apiName: 'Produce', duration, partitions });
      },
    });
    this.#underWay.add(request);
    void request.run();
  }

  async #build({ queue, batch, leaderEpoch = -1 }: Parcel): Promise<ProduceBatch> {
    const { isIdempotent } = this.#options;
    const identity = batch.identity ?? {
      producerId: this.#producerId,
      producerEpoch: isIdempotent ? queue.producerEpoch : -1,
      baseSequence: isIdempotent ? queue.nextSequence : -1,
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
    return { partitionId: queue.place.partitionId, leaderEpoch, maxMessageBytes: queue.maxMessageBytes, bytes };
  }

  #conclude(parcel: Parcel, answer: Appended | undefined): void {
    const { queue, batch } = parcel;
    const error = answer?.error;
    if (answer === undefined || (error !== undefined && error !== 'DUPLICATE_SEQUENCE_NUMBER')) {
      this.#failed(parcel, refusalOf(error), answer?.baseOffset !== undefined);
      return;
    }
    // A duplicate from before the window is stored; only its offset is not known any more.
    batch.deliver(queue, answer.baseOffset ?? -1n, answer.logStartOffset ?? -1n);
    queue.nextSequence = (batch.identity!.baseSequence + batch.recordCount) % SEQUENCES;
    this.#finish(queue);
  }

  /** Repeats the batch after a rest, or ends it when that makes no sense or its time is up. */
  #failed(parcel: Parcel, error: PostlogError, isAppended: boolean): void {
    const { queue, batch } = parcel;
    const { retry, isIdempotent, cluster } = this.#options;
    const wait = retryDelay(retry, Math.max(0, batch.attempts - 1), cluster.random.next);
    const retryAt = cluster.clock.monotonic() + wait;
    const { isInDoubt: wasInDoubt, deadline } = batch;
    const after = aftermathOf({ error, isAppended, wasInDoubt, isIdempotent, retryAt, deadline });
    batch.isInDoubt = after.isInDoubt;
    batch.lastError = error;
    if (!after.isRepeated) {
      this.#end(queue, batch, error);
      return;
    }
    queue.isInFlight = false;
    // Somebody else leads meanwhile: the rest is for who asks the same one again.
    queue.notBefore = this.#hasOtherLeader(queue) ? 0 : retryAt;
    if (after.asksWhoLeads) void this.#refresh(queue, batch, error);
  }

  /** Asks who leads; a batch whose topic is gone ends. Refused by a leader or without one, the topic itself may be. */
  async #refresh(queue: PartitionQueue, batch: ProducerBatch, { code, outcome }: PostlogError): Promise<void> {
    const { cluster, metadata } = this.#options;
    if (outcome === 'unknown' || code === 'NETWORK_EXCEPTION') return cluster.refresh().catch(() => {});
    const found = await metadata.find(queue.topic).catch(() => 'unreachable' as const);
    if (found === 'unreachable') return;
    const place = found?.partitions[queue.partition];
    if (found !== undefined && place !== undefined) {
      if (place.partitionId !== queue.place.partitionId) queue.nextSequence = 0;
      queue.place = place;
      queue.maxMessageBytes = found.config.maxMessageBytes;
    } else if (!queue.isInFlight && queue.batches[0] === batch) {
      this.#end(queue, batch, new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${queue.topic} was deleted.`));
      this.poke();
    }
  }

  /** Nobody waits for a leader that was deposed, nor rests before the first attempt at its successor. */
  #followLeaders(): void {
    for (const request of [...this.#underWay]) {
      for (const parcel of [...request.open]) {
        if (!this.#hasOtherLeader(parcel.queue)) continue;
        request.giveUp(parcel, 'NOT_LEADER_OR_FOLLOWER', 'the partition got another leader before the answer came.');
      }
    }
    for (const queue of this.#options.accumulator.waiting) if (this.#hasOtherLeader(queue)) queue.notBefore = 0;
    this.poke();
  }

  #hasOtherLeader(queue: PartitionQueue): boolean {
    return this.#options.cluster.knownLeader(queue.place)?.leaderEpoch !== queue.leaderEpoch;
  }

  #end(queue: PartitionQueue, batch: ProducerBatch, error: PostlogError): void {
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

  /** Ends batches whose time is up, also those whose leader has not answered. */
  #expire(now: number): void {
    for (const request of [...this.#underWay]) {
      for (const parcel of [...request.open]) {
        const { deadline, lastError } = parcel.batch;
        const detail = lastError?.message ?? 'the leader did not answer within deliveryTimeoutMs.';
        if (deadline <= now) request.giveUp(parcel, lastError?.code ?? 'REQUEST_TIMED_OUT', detail);
      }
    }
    for (const queue of [...this.#options.accumulator.waiting]) {
      while (!queue.isInFlight && queue.batches.length > 0 && queue.batches[0]!.deadline <= now) {
        const batch = queue.batches[0]!;
        this.#end(queue, batch, batch.lastError ?? timedOut());
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
      const ready = Math.max(queue.notBefore, batch.createdAt + this.#options.lingerMs);
      next = Math.min(next, ready > now && !queue.isInFlight ? ready : Infinity, batch.deadline);
    }
    if (next < Infinity)
      this.#cancelTimer = this.#options.cluster.clock.after(Math.max(1, next - now), () => this.#drain());
  }
}
