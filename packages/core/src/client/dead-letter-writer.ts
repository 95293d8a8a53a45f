import { DEAD_LETTER_HEADERS_BYTES, deadLetterHeaders, type Failure } from '../delivery/dead-letter-headers.js';
import { deadLetterTopic } from '../record/dead-letter-topic.js';
import { idempotencyKey } from '../delivery/idempotency-key.js';
import type { TransactionHandle } from '../postgres/transaction-handle.js';
import type { ConsumedMessage } from '../record/messages.js';
import type { TopicPartition } from '../record/topic-partition.js';
import type { Cluster } from './cluster.js';
import type { MetadataCache, TopicMetadata } from './metadata-cache.js';
import type { Producer } from './producer-types.js';

export interface DeadLetterWriterOptions {
  readonly cluster: Pick<Cluster, 'topics'>;
  readonly metadata: MetadataCache;
  /** Acknowledged by all in-sync replicas, and idempotent. */
  readonly producer: () => Producer;
  readonly groupId: string | null;
}

/** A record, and where it was read. */
export interface FailedRecord {
  readonly partition: TopicPartition;
  readonly message: ConsumedMessage;
}

const LARGEST_MESSAGE_BYTES = 2 ** 31 - 1;

/**
 * Writes dead letters: in the handler's transaction where there is one, else stored for good when it resolves. A repeat after a crash writes a second
 * one with the same idempotency key.
 */
export class DeadLetterWriter {
  readonly #options: DeadLetterWriterOptions;

  constructor(options: DeadLetterWriterOptions) {
    this.#options = options;
  }

  /** @throws PostlogError when it may not be written; errors of the transaction */
  async write(
    { partition: { topic, partition }, message }: FailedRecord,
    failure: Failure,
    transaction: TransactionHandle | undefined,
  ): Promise<void> {
    const { producer, groupId } = this.#options;
    const { key, value, offset, timestamp } = message;
    const target = await this.#topicFor(topic);
    const origin = {
      ...failure,
      groupId: groupId!,
      topic,
      partition,
      offset,
      timestamp,
      idempotencyKey: idempotencyKey(groupId, topic, partition, offset),
    };
    const letter = {
      key,
      value,
      headers: deadLetterHeaders(message, origin),
      // The topic may have got partitions since its dead letters got theirs.
      partition: partition % target.partitions.length,
    };
    const messages = [letter];
    if (transaction !== undefined) await producer().send({ topic: target.topic, messages, transaction });
    else await producer().send({ topic: target.topic, messages, acks: 'all' });
  }

  /** The topic of the group's dead letters; it is made with the first of them, as the topic is that they come from. */
  async #topicFor(topic: string): Promise<TopicMetadata> {
    const { cluster, metadata, groupId } = this.#options;
    const name = deadLetterTopic(topic, groupId!);
    const known = metadata.peek(name) ?? (await metadata.find(name));
    if (known !== undefined) return known;
    const { partitions, config } = await metadata.get(topic);
    const { maxMessageBytes, minInsyncReplicas } = config;
    const isCreated = await cluster.topics.create({
      topic: name,
      partitionCount: partitions.length,
      replicationFactor: partitions[0]!.replicas.length,
      config: {
        'max.message.bytes': String(Math.min(LARGEST_MESSAGE_BYTES, maxMessageBytes + DEAD_LETTER_HEADERS_BYTES)),
        'min.insync.replicas': String(minInsyncReplicas),
        'retention.ms': '-1',
      },
    });
    if (isCreated) cluster.topics.announce();
    return metadata.get(name);
  }
}
