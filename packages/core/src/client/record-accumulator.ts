import type { RequiredAcks } from '../broker/handle-produce.js';
import type { CompressionName } from '../record/compression.js';
import type { Message } from '../record/messages.js';
import type { ClusterPartition } from './cluster.js';
import { ProducerBatch } from './producer-batch.js';
import type { Receipt } from './receipt.js';
import type { TopicMetadata } from './metadata-cache.js';

/** Records of one partition that wait or are in flight, oldest batch first, and where its sequence stands. */
export interface PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  /** The newest that is known; refreshed when the broker refuses it. */
  place: ClusterPartition;
  maxMessageBytes: number;
  readonly batches: ProducerBatch[];
  /** A request with this partition is on its way: one at a time keeps the order. */
  isInFlight: boolean;
  /** Of the leader that the last attempt went to; undefined when there was none. */
  leaderEpoch: number | undefined;
  /** Not before this moment (a retry waits), on the monotonic clock. */
  notBefore: number;
  producerEpoch: number;
  nextSequence: number;
  /** For so many batches compression is not tried, since the last try saved next to nothing. */
  plainBatches: number;
}

/** What the records of one `send` have in common. */
export interface SendTerms {
  readonly compression: CompressionName | undefined;
  readonly acks: RequiredAcks;
  readonly receipt: Receipt | undefined;
  /** Timestamp of records that name none. */
  readonly now: number;
  /** The same moment on the monotonic clock. */
  readonly at: number;
}

/** A new batch's buffer begins at least this large and grows as needed. */
const SMALLEST_BUFFER = 1_024;

/**
 * Where records wait for their request: a queue of batches for each partition. The last batch of a queue is open until
 * it is full or taken.
 */
export class RecordAccumulator {
  readonly #topics = new Map<
    string,
    { readonly topicId: string; readonly queues: PartitionQueue[]; readonly queuedBytes: number[] }
  >();
  readonly #waiting = new Set<PartitionQueue>();
  readonly #options: { readonly batchSize: number; readonly deliveryTimeoutMs: number };

  constructor(options: { readonly batchSize: number; readonly deliveryTimeoutMs: number }) {
    this.#options = options;
  }

  /** Queues with batches that are not finished. */
  get waiting(): ReadonlySet<PartitionQueue> {
    return this.#waiting;
  }

  /** Bytes that wait, by partition: what the sticky partitioner weighs. */
  queuedBytes(metadata: TopicMetadata): readonly number[] {
    return this.#topic(metadata).queuedBytes;
  }

  /** Puts every record into the open batch of its partition, in order. */
  addAll(
    metadata: TopicMetadata,
    records: {
      readonly messages: readonly Message[];
      readonly sizes: readonly number[];
      readonly partitions: readonly number[];
    },
    terms: SendTerms,
  ): void {
    const topic = this.#topic(metadata);
    for (let index = 0; index < records.messages.length; index++) {
      const partition = records.partitions[index]!;
      const bytes = records.sizes[index]!;
      const batch = this.#openBatch(topic.queues[partition]!, bytes, terms, records.messages.length - index);
      batch.add(records.messages[index]!, terms.now, terms.receipt);
      batch.reservedBytes += bytes;
      topic.queuedBytes[partition]! += bytes;
    }
  }

  /** The oldest batch of the queue has its outcome; answers the bytes that it held. */
  finish(queue: PartitionQueue): number {
    const batch = queue.batches.shift();
    if (queue.batches.length === 0) this.#waiting.delete(queue);
    const topic = this.#topics.get(queue.topic);
    const freed = batch?.reservedBytes ?? 0;
    if (topic !== undefined && topic.queues[queue.partition] === queue) topic.queuedBytes[queue.partition]! -= freed;
    return freed;
  }

  /** `more` records of this size come at once: the buffer of a new batch begins large enough for them. */
  #openBatch(queue: PartitionQueue, bytes: number, { compression, acks, at }: SendTerms, more: number): ProducerBatch {
    const { deliveryTimeoutMs } = this.#options;
    const batchSize = Math.min(this.#options.batchSize, queue.maxMessageBytes);
    const last = queue.batches.at(-1);
    if (
      last !== undefined &&
      last.acks === acks &&
      last.compression === compression &&
      last.hasRoomFor(bytes, batchSize)
    )
      return last;
    const initialBytes = Math.max(SMALLEST_BUFFER, bytes, Math.min(bytes * more, batchSize));
    const batch = new ProducerBatch({
      compression,
      acks,
      createdAt: at,
      deadline: at + deliveryTimeoutMs,
      initialBytes,
    });
    queue.batches.push(batch);
    this.#waiting.add(queue);
    return batch;
  }

  /** Queues follow the topic's partitions; a topic that was deleted and made again gets fresh ones. */
  #topic(metadata: TopicMetadata): { readonly queues: PartitionQueue[]; readonly queuedBytes: number[] } {
    let topic = this.#topics.get(metadata.topic);
    if (topic?.topicId !== metadata.topicId) {
      topic = { topicId: metadata.topicId, queues: [], queuedBytes: [] };
      this.#topics.set(metadata.topic, topic);
    }
    for (let partition = topic.queues.length; partition < metadata.partitions.length; partition++) {
      topic.queuedBytes.push(0);
      topic.queues.push({
        topic: metadata.topic,
        partition,
        place: metadata.partitions[partition]!,
        maxMessageBytes: metadata.config.maxMessageBytes,
        batches: [],
        isInFlight: false,
        leaderEpoch: undefined,
        notBefore: 0,
        producerEpoch: 0,
        nextSequence: 0,
        plainBatches: 0,
      });
    }
    return topic;
  }
}
