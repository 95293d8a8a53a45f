import type { ClientBroker } from '../broker/log-requests.js';
import type { ProduceBatch, ProduceProgress, RequiredAcks } from '../broker/handle-produce.js';
import type { BrokerId } from '../cluster/cluster-image.js';
import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { Appended } from '../log/append.store.js';
import type { Cluster } from './cluster.js';
import { asPostlogError } from './produce-errors.js';
import type { ProducerBatch } from './producer-batch.js';
import type { PartitionQueue } from './record-accumulator.js';

/** The request itself, as `handleProduce` makes it. */
export type Produce = (
  broker: ClientBroker,
  batches: readonly ProduceBatch[],
  acks: RequiredAcks,
  progress: ProduceProgress,
) => Promise<readonly Appended[]>;

/** A batch on its way to the leader of its partition. */
export interface Parcel {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
  /** Under which it is sent; undefined when nobody was known to lead. */
  readonly leaderEpoch: number | undefined;
}

export interface ProduceRequestOptions {
  readonly cluster: Cluster;
  readonly produce: Produce;
  readonly leader: BrokerId | undefined;
  readonly acks: RequiredAcks;
  readonly parcels: readonly Parcel[];
  readonly build: (parcel: Parcel) => Promise<ProduceBatch>;
  /** Once for each parcel. */
  readonly onAnswer: (parcel: Parcel, answer: Appended | undefined) => void;
  readonly onError: (parcel: Parcel, error: PostlogError) => void;
  /** The leader can take another request: this one is appended and waits for other replicas, or nobody waits for it any more. */
  readonly onFree: () => void;
  /** A parcel was settled after that. */
  readonly onProgress: () => void;
  /** Every parcel is settled; the leader may not have answered yet. */
  readonly onDone: () => void;
  /** The leader has answered, or the request has failed. */
  readonly onEnded: (durationMs: number, partitions: number, error: PostlogError | undefined) => void;
}

/**
 * One request to one leader. Each of its batches is settled once: by the answer, by an error, or by being given up, after
 * which nobody waits for the leader any more.
 */
export class ProduceRequest {
  readonly #options: ProduceRequestOptions;
  readonly #open: Set<Parcel>;
  readonly #sent = new Set<Parcel>();
  #isFree = false;

  constructor(options: ProduceRequestOptions) {
    this.#options = options;
    this.#open = new Set(options.parcels);
  }

  /** Parcels that are not settled. */
  get open(): Iterable<Parcel> {
    return this.#open;
  }

  async run(): Promise<void> {
    const { cluster, produce, acks, onAnswer, onEnded } = this.#options;
    const requests = new Map<Parcel, ProduceBatch>();
    for (const parcel of this.#options.parcels) await this.#build(parcel, requests);
    if (requests.size === 0) return;
    const startedAt = cluster.clock.monotonic();
    let failure: PostlogError | undefined;
    try {
      const broker = await this.#reach();
      for (const parcel of requests.keys()) if (this.#open.has(parcel)) this.#sent.add(parcel);
      if (this.#sent.size === 0) return;
      const toSend = [...this.#sent].map((parcel) => requests.get(parcel)!);
      const byPartition = new Map([...this.#sent].map((parcel) => [requests.get(parcel)!.partitionId, parcel]));
      const heed = (answer: Appended) => {
        const parcel = byPartition.get(answer.partitionId);
        if (parcel !== undefined) this.#settle(parcel, () => onAnswer(parcel, answer));
      };
      const progress = { onAppended: () => this.#free(), onAnswer: heed };
      for (const answer of await produce(broker, toSend, acks, progress)) heed(answer);
      for (const parcel of [...this.#open]) this.#settle(parcel, () => onAnswer(parcel, undefined));
    } catch (cause) {
      failure = asPostlogError(cause);
      for (const parcel of [...this.#open]) this.#fail(parcel, failure);
    }
    onEnded(cluster.clock.monotonic() - startedAt, requests.size, failure);
  }

  /** Stops waiting for the leader's answer about this batch. What was sent may have been stored. */
  giveUp(parcel: Parcel, code: ErrorCode, detail: string): void {
    const outcome = this.#sent.has(parcel) ? 'unknown' : 'failed';
    this.#fail(parcel, new PostlogError(code, detail, { outcome }));
  }

  async #build(parcel: Parcel, requests: Map<Parcel, ProduceBatch>): Promise<void> {
    try {
      requests.set(parcel, await this.#options.build(parcel));
    } catch (error) {
      this.#fail(parcel, asPostlogError(error));
    }
  }

  #reach() {
    const { cluster, leader, parcels } = this.#options;
    if (leader !== undefined) return cluster.broker(leader);
    const { topic, partition } = parcels[0]!.queue;
    throw new PostlogError('LEADER_NOT_AVAILABLE', `nobody leads ${topic}-${partition} now; bring a replica back.`);
  }

  #fail(parcel: Parcel, error: PostlogError): void {
    this.#settle(parcel, () => this.#options.onError(parcel, error));
  }

  #settle(parcel: Parcel, tell: () => void): void {
    if (!this.#open.delete(parcel)) return;
    tell();
    if (this.#isFree) this.#options.onProgress();
    if (this.#open.size > 0) return;
    this.#options.onDone();
    this.#free();
  }

  #free(): void {
    if (this.#isFree) return;
    this.#isFree = true;
    this.#options.onFree();
  }
}
