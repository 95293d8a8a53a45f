import type { CompressionName } from '../record/compression.js';
import type { Message } from '../record/messages.js';
import type { StoredPartition } from '../log/topic.store.js';
import { ProducerBatch } from './producer-batch.js';
import type { Receipt } from './receipt.js';
import type { TopicMetadata } from './metadata-cache.js';

/** Records of one partition that wait or are in flight, oldest batch first, and where its sequence stands. */
export interface PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  /** The newest that is known; refreshed when the broker refuses it. */
  stored: StoredPartition;
  maxMessageBytes: number;
  readonly batches: ProducerBatch[];
  /** A request with this partition is on its way: one at a time keeps the order. */
  isInFlight: boolean;
  /** Not before this moment (a retry waits), on the monotonic clock. */
  notBefore: number;
  producerEpoch: number;
  nextSequence: number;
}

/** A new batch's buffer begins at least this large and grows as needed. */
const SMALLEST_BUFFER = 1_024;

/**
 * Where records wait for their request: a queue of batches for each partition. The last batch of a queue is open until
 * it is full or taken.
 */
export class RecordAccumulator {
  readonly #topics = new Map<string, { readonly topicId: string; readonly queues: PartitionQueue[]; readonly queuedBytes: number[] }>();
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

  add(
    metadata: TopicMetadata,
    partition: number,
    record: { message: Message; bytes: number; compression: CompressionName; receipt: Receipt | undefined; now: number; at: number },
  ): void {
    const topic = this.#topic(metadata);
    const queue = topic.queues[partition]!;
    const { batchSize } = this.#options;
    let batch = queue.batches.at(-1);
    if (batch === undefined || batch.compression !== record.compression || !batch.hasRoomFor(record.bytes, batchSize)) {
      batch = this.#open(record, queue.batches.length > 0 ? batchSize : Math.min(record.bytes * 2, batchSize));
      queue.batches.push(batch);
      this.#waiting.add(queue);
    }
    batch.add(record.message, record.now, record.receipt);
    batch.reservedBytes += record.bytes;
    topic.queuedBytes[partition]! += record.bytes;
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

  #open(record: { compression: CompressionName; at: number }, bytes: number): ProducerBatch {
    return new ProducerBatch({
      compression: record.compression,
      createdAt: record.at,
      deadline: record.at + this.#options.deliveryTimeoutMs,
      initialBytes: Math.max(SMALLEST_BUFFER, bytes),
    });
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
        stored: metadata.partitions[partition]!,
        maxMessageBytes: metadata.config.maxMessageBytes,
        batches: [],
        isInFlight: false,
        notBefore: 0,
        producerEpoch: 0,
        nextSequence: 0,
      });
    }
    return topic;
  }
}
