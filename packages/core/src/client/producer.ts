import { handleProduce, type RequiredAcks } from '../broker/handle-produce.js';
import { PostlogError } from '../errors/postlog-error.js';
import { checkMessage } from '../record/check-message.js';
import type { CompressionName } from '../record/compression.js';
import { estimateRecordBytes } from '../record/record-batch-builder.js';
import { checkTopicName } from '../record/topic-name.js';
import { EventBus } from '../runtime/events.js';
import { BufferMemory } from './buffer-memory.js';
import { checkOptions, invalid } from './check-options.js';
import { withOwnBytes, type CheckedTopic } from './checked-topic.js';
import type { Applications } from './applications.js';
import type { Cluster } from './cluster.js';
import type { MetadataCache, TopicMetadata } from './metadata-cache.js';
import { PartitionChooser } from './partition-chooser.js';
import {
  checkAcks,
  checkCompression,
  resolveProducerOptions,
  type ResolvedProducerOptions,
} from './producer-options.js';
import {
  PRODUCER_EVENTS,
  type Producer,
  type ProducerEventName,
  type ProducerOptions,
  type ProducerSend,
  type ProducerSendBatch,
  type PendingRecordMetadata,
  type RecordMetadata,
  type TransactionalSend,
  type TransactionalSendBatch,
} from './producer-types.js';
import { Receipt } from './receipt.js';
import { RecordAccumulator } from './record-accumulator.js';
import { Sender } from './sender.js';
import { checkTransactionTerms, TransactionalSends } from './transactional-sends.js';

/** Options of a send beside what is sent. */
const TERMS = ['acks', 'compression', 'transaction'] as const;
type SendTerms = Readonly<Partial<Record<(typeof TERMS)[number], unknown>>>;

export interface ProducerContext {
  readonly cluster: Cluster;
  readonly applications: Applications;
  readonly metadata: MetadataCache;
  /** Creates a topic that is missing, where the connection allows it; answers whether it did. */
  readonly autoCreateTopic: (topic: string) => Promise<boolean>;
  readonly onClosed: (producer: Producer) => void;
  readonly onFault: (error: unknown) => void;
}

interface CheckedSend {
  readonly topics: readonly CheckedTopic[];
  readonly bytes: number;
  readonly acks: RequiredAcks;
  readonly compression: CompressionName | undefined;
}

/** @see Producer */
export class LogProducer implements Producer {
  readonly events = PRODUCER_EVENTS;
  readonly #context: ProducerContext;
  readonly #options: ResolvedProducerOptions;
  readonly #bus: EventBus;
  readonly #memory: BufferMemory;
  readonly #accumulator: RecordAccumulator;
  readonly #chooser: PartitionChooser;
  readonly #sender: Sender;
  readonly #transactional: TransactionalSends;
  /** Sends are admitted one after another: records keep the order of the calls. */
  #admission: Promise<unknown> = Promise.resolve();
  #admitting = 0;
  #isClosed = false;

  constructor(context: ProducerContext, options: ProducerOptions | undefined) {
    this.#context = context;
    this.#options = resolveProducerOptions(options);
    const { clock, random } = context.cluster;
    const { batchSize, deliveryTimeoutMs, bufferMemoryBytes, createPartitioner } = this.#options;
    this.#bus = new EventBus(clock, context.onFault);
    this.#memory = new BufferMemory(bufferMemoryBytes, clock);
    this.#accumulator = new RecordAccumulator({ batchSize, deliveryTimeoutMs });
    this.#chooser = new PartitionChooser({ createPartitioner, random: random.next, batchSize });
    this.#sender = new Sender({
      cluster: context.cluster,
      metadata: context.metadata,
      produce: handleProduce,
      accumulator: this.#accumulator,
      events: this.#bus,
      isIdempotent: this.#options.idempotent,
      lingerMs: this.#options.lingerMs,
      batchSize,
      maxRequestSize: this.#options.maxRequestSize,
      retry: this.#options.retry,
      onFreed: (bytes) => this.#memory.give(bytes),
    });
    this.#transactional = new TransactionalSends({
      applications: context.applications,
      clock,
      batchSize,
      peek: (topic) => context.metadata.peek(topic),
      find: (topic) => this.#metadataOf(topic),
      choose: (metadata, topic) => this.#choose(metadata, topic),
    });
  }

  connect(): Promise<void> {
    this.#demandOpen();
    this.#bus.emit(PRODUCER_EVENTS.CONNECT);
    return Promise.resolve();
  }

  send(record: ProducerSend): Promise<RecordMetadata[]>;
  send(record: TransactionalSend): Promise<PendingRecordMetadata[]>;
  async send(record: ProducerSend | TransactionalSend): Promise<RecordMetadata[] | PendingRecordMetadata[]> {
    const { topic, messages } = checkOptions(record, ['topic', 'messages', ...TERMS], 'send()');
    return this.#sendAll([{ topic, messages }], record);
  }

  sendBatch(batch: ProducerSendBatch): Promise<RecordMetadata[]>;
  sendBatch(batch: TransactionalSendBatch): Promise<PendingRecordMetadata[]>;
  async sendBatch(
    batch: ProducerSendBatch | TransactionalSendBatch,
  ): Promise<RecordMetadata[] | PendingRecordMetadata[]> {
    const { topicMessages } = checkOptions(batch, ['topicMessages', ...TERMS], 'sendBatch()');
    if (!Array.isArray(topicMessages))
      throw invalid('sendBatch() takes topicMessages: an array of { topic, messages }');
    return this.#sendAll(topicMessages, batch);
  }

  async flush(): Promise<void> {
    await this.#admission.catch(() => {});
    await this.#sender.whenIdle();
  }

  async disconnect(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.flush();
    this.#sender.close();
    this.#context.onClosed(this);
    this.#bus.emit(PRODUCER_EVENTS.DISCONNECT);
  }

  on(event: ProducerEventName, listener: Parameters<Producer['on']>[1]): () => void {
    if (!Object.values(PRODUCER_EVENTS).includes(event)) throw invalid(`${String(event)} is no event of a producer`);
    return this.#bus.on(event, listener);
  }

  #demandOpen(): void {
    if (this.#isClosed)
      throw new PostlogError('CLIENT_CLOSED', 'the producer is disconnected; make a new one with postlog.producer().');
  }

  #sendAll(
    batches: ProducerSendBatch['topicMessages'],
    terms: SendTerms,
  ): Promise<RecordMetadata[] | PendingRecordMetadata[]> {
    const checked = this.#check(batches, terms.acks, terms.compression);
    if (!('transaction' in terms)) return this.#publish(checked);
    checkTransactionTerms(terms);
    return this.#transactional.publish(terms.transaction, checked.topics);
  }

  /** Everything that can be wrong with the call, before any effect. */
  #check(batches: ProducerSendBatch['topicMessages'], acks: unknown, compression: unknown): CheckedSend {
    this.#demandOpen();
    let bytes = 0;
    const topics = batches.map(({ topic, messages }) => {
      const name = checkTopicName(topic);
      if (!Array.isArray(messages)) throw invalid('messages must be an array of { key, value, … }');
      const checked = (messages as readonly unknown[]).map(checkMessage);
      const sizes = checked.map(estimateRecordBytes);
      for (const size of sizes) bytes += size;
      return { topic: name, messages: checked, sizes };
    });
    return {
      topics,
      bytes,
      acks: checkAcks(acks) ?? this.#options.acks,
      compression: checkCompression(compression) ?? this.#options.compression,
    };
  }

  #publish(send: CheckedSend): Promise<RecordMetadata[]> {
    const metadata =
      this.#admitting === 0 ? send.topics.map(({ topic }) => this.#context.metadata.peek(topic)) : [undefined];
    if (metadata.every((each) => each !== undefined) && this.#memory.tryTake(send.bytes))
      return this.#handOver(send, metadata);

    // Records are encoded after a wait now, so bytes that the caller may change meanwhile are copied.
    const kept = { ...send, topics: send.topics.map(withOwnBytes) };
    this.#admitting += 1;
    const receipt = this.#admission.then(async () => {
      const known: TopicMetadata[] = [];
      for (const { topic } of send.topics) known.push(await this.#metadataOf(topic));
      await this.#memory.take(send.bytes, this.#options.deliveryTimeoutMs);
      return { outcome: this.#handOver(kept, known) };
    });
    this.#admission = receipt.catch(() => {}).finally(() => (this.#admitting -= 1));
    return receipt.then(({ outcome }) => outcome);
  }

  /** Gives every record its partition and its place in a batch. All partitions are chosen before any record is taken. */
  #handOver(
    { topics, bytes, acks, compression }: CheckedSend,
    metadata: readonly TopicMetadata[],
  ): Promise<RecordMetadata[]> {
    const receipt = acks !== 0 ? new Receipt() : undefined;
    const { clock } = this.#context.cluster;
    const terms = { compression, acks, receipt, now: clock.now(), at: clock.monotonic() };
    let chosen: number[][];
    try {
      chosen = topics.map((topic, index) => this.#choose(metadata[index]!, topic));
    } catch (error) {
      this.#memory.give(bytes);
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    for (const [index, { messages, sizes }] of topics.entries()) {
      this.#accumulator.addAll(metadata[index]!, { messages, sizes, partitions: chosen[index]! }, terms);
    }
    this.#sender.poke();
    receipt?.seal();
    return receipt?.promise ?? Promise.resolve(unanswered(topics, chosen));
  }

  #choose(metadata: TopicMetadata, { messages, sizes }: CheckedTopic): number[] {
    const limit = metadata.config.maxMessageBytes;
    const tooLarge = sizes.find((bytes) => bytes > limit);
    if (tooLarge !== undefined) {
      throw new PostlogError(
        'MESSAGE_TOO_LARGE',
        `a record of some ${tooLarge} bytes is over max.message.bytes (${limit}) of ${metadata.topic}; raise the topic's setting, or store the content elsewhere and send a reference.`,
      );
    }
    return this.#chooser.choose(metadata, messages, sizes, this.#accumulator.queuedBytes(metadata));
  }

  async #metadataOf(topic: string): Promise<TopicMetadata> {
    try {
      return await this.#context.metadata.get(topic);
    } catch (error) {
      if (
        error instanceof PostlogError &&
        error.code === 'UNKNOWN_TOPIC_OR_PARTITION' &&
        (await this.#context.autoCreateTopic(topic))
      ) {
        return this.#context.metadata.get(topic);
      }
      throw error;
    }
  }
}

/** With `acks: 0` nobody knows where the records will be. */
function unanswered(topics: CheckedSend['topics'], chosen: readonly number[][]): RecordMetadata[] {
  return topics.flatMap(({ topic }, index) =>
    [...new Set(chosen[index])].map((partition) => ({
      topicName: topic,
      partition,
      errorCode: 0 as const,
      baseOffset: '-1',
      logStartOffset: '-1',
    })),
  );
}
