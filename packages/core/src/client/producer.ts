import { PostlogError } from '../errors/postlog-error.js';
import type { Broker } from '../broker/broker.js';
import { checkMessage } from '../record/check-message.js';
import type { CompressionName } from '../record/compression.js';
import type { Message } from '../record/messages.js';
import { estimateRecordBytes } from '../record/record-batch-builder.js';
import { checkTopicName } from '../record/topic-name.js';
import { EventBus } from '../runtime/events.js';
import { BufferMemory } from './buffer-memory.js';
import { checkOptions, invalid } from './check-options.js';
import type { MetadataCache, TopicMetadata } from './metadata-cache.js';
import { PartitionChooser } from './partition-chooser.js';
import { checkAcks, checkCompression, resolveProducerOptions, type ResolvedProducerOptions } from './producer-options.js';
import {
  PRODUCER_EVENTS,
  type Producer,
  type ProducerEventName,
  type ProducerOptions,
  type ProducerSend,
  type ProducerSendBatch,
  type RecordMetadata,
} from './producer-types.js';
import { Receipt } from './receipt.js';
import { RecordAccumulator } from './record-accumulator.js';
import { Sender } from './sender.js';

export interface ProducerContext {
  readonly broker: Broker;
  readonly metadata: MetadataCache;
  /** Creates a topic that is missing, where the connection allows it; answers whether it did. */
  readonly autoCreateTopic: (topic: string) => Promise<boolean>;
  readonly onFault: (error: unknown) => void;
}

interface CheckedRecord {
  readonly message: Message;
  readonly bytes: number;
}

interface CheckedSend {
  readonly topics: { readonly topic: string; readonly records: readonly CheckedRecord[] }[];
  readonly bytes: number;
  readonly needsAnswer: boolean;
  readonly compression: CompressionName;
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
  /** Sends are admitted one after another: records keep the order of the calls. */
  #admission: Promise<unknown> = Promise.resolve();
  #admitting = 0;
  #isClosed = false;

  constructor(context: ProducerContext, options: ProducerOptions | undefined) {
    this.#context = context;
    this.#options = resolveProducerOptions(options);
    const { clock, random } = context.broker;
    const { batchSize, deliveryTimeoutMs, bufferMemoryBytes, createPartitioner } = this.#options;
    this.#bus = new EventBus(clock, context.onFault);
    this.#memory = new BufferMemory(bufferMemoryBytes, clock);
    this.#accumulator = new RecordAccumulator({ batchSize, deliveryTimeoutMs });
    this.#chooser = new PartitionChooser({ createPartitioner, random: random.next, batchSize });
    this.#sender = new Sender({
      broker: context.broker,
      metadata: context.metadata,
      accumulator: this.#accumulator,
      events: this.#bus,
      isIdempotent: this.#options.idempotent,
      lingerMs: this.#options.lingerMs,
      batchSize,
      maxRequestSize: this.#options.maxRequestSize,
      retry: this.#options.retry,
      onFreed: (bytes) => this.#memory.give(bytes),
    });
  }

  connect(): Promise<void> {
    this.#demandOpen();
    this.#bus.emit(PRODUCER_EVENTS.CONNECT);
    return Promise.resolve();
  }

  async send(record: ProducerSend): Promise<RecordMetadata[]> {
    const { topic, messages, acks, compression } = checkOptions(record, ['topic', 'messages', 'acks', 'compression'], 'send()');
    return this.#publish(this.#check([{ topic, messages }], acks, compression));
  }

  async sendBatch(batch: ProducerSendBatch): Promise<RecordMetadata[]> {
    const { topicMessages, acks, compression } = checkOptions(batch, ['topicMessages', 'acks', 'compression'], 'sendBatch()');
    if (!Array.isArray(topicMessages)) throw invalid('sendBatch() takes topicMessages: an array of { topic, messages }');
    return this.#publish(this.#check(topicMessages, acks, compression));
  }

  async flush(): Promise<void> {
    await this.#admission.catch(() => {});
    await this.#sender.whenIdle();
  }

  async disconnect(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.flush();
    this.#bus.emit(PRODUCER_EVENTS.DISCONNECT);
  }

  on(event: ProducerEventName, listener: Parameters<Producer['on']>[1]): () => void {
    if (!Object.values(PRODUCER_EVENTS).includes(event)) throw invalid(`${String(event)} is no event of a producer`);
    return this.#bus.on(event, listener);
  }

  #demandOpen(): void {
    if (this.#isClosed) throw new PostlogError('CLIENT_CLOSED', 'the producer is disconnected; make a new one with postlog.producer().');
  }

  /** Everything that can be wrong with the call, before any effect. */
  #check(batches: ProducerSendBatch['topicMessages'], acks: unknown, compression: unknown): CheckedSend {
    this.#demandOpen();
    const needsAnswer = (checkAcks(acks) ?? this.#options.acks) !== 0;
    let bytes = 0;
    const topics = batches.map(({ topic, messages }) => {
      const name = checkTopicName(topic);
      if (!Array.isArray(messages)) throw invalid('messages must be an array of { key, value, … }');
      const records = (messages as readonly unknown[]).map((each, index): CheckedRecord => {
        const message = checkMessage(each, index);
        const size = estimateRecordBytes(message);
        bytes += size;
        return { message, bytes: size };
      });
      return { topic: name, records };
    });
    return { topics, bytes, needsAnswer, compression: checkCompression(compression) ?? this.#options.compression };
  }

  #publish(send: CheckedSend): Promise<RecordMetadata[]> {
    const metadata = this.#admitting === 0 ? send.topics.map(({ topic }) => this.#context.metadata.peek(topic)) : [undefined];
    if (metadata.every((each) => each !== undefined) && this.#memory.tryTake(send.bytes)) return this.#handOver(send, metadata);

    this.#admitting += 1;
    const receipt = this.#admission.then(async () => {
      const known: TopicMetadata[] = [];
      for (const { topic } of send.topics) known.push(await this.#metadataOf(topic));
      await this.#memory.take(send.bytes, this.#options.deliveryTimeoutMs);
      return { outcome: this.#handOver(send, known) };
    });
    this.#admission = receipt.catch(() => {}).finally(() => (this.#admitting -= 1));
    return receipt.then(({ outcome }) => outcome);
  }

  /** Gives every record its partition and its place in a batch. All partitions are chosen before any record is taken. */
  #handOver({ topics, bytes, needsAnswer, compression }: CheckedSend, metadata: readonly TopicMetadata[]): Promise<RecordMetadata[]> {
    const receipt = needsAnswer ? new Receipt() : undefined;
    const { clock } = this.#context.broker;
    const shared = { compression, receipt, now: clock.now(), at: clock.monotonic() };
    let chosen: number[][];
    try {
      chosen = topics.map(({ records }, index) => this.#choose(metadata[index]!, records));
    } catch (error) {
      this.#memory.give(bytes);
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    topics.forEach(({ records }, index) => {
      records.forEach((record, place) => this.#accumulator.add(metadata[index]!, chosen[index]![place]!, { ...record, ...shared }));
    });
    this.#sender.poke();
    receipt?.seal();
    return receipt?.promise ?? Promise.resolve(unanswered(topics, chosen));
  }

  #choose(metadata: TopicMetadata, records: readonly CheckedRecord[]): number[] {
    const queuedBytes = () => this.#accumulator.queuedBytes(metadata);
    return records.map(({ message, bytes }) => {
      if (bytes > metadata.config.maxMessageBytes) {
        throw new PostlogError(
          'MESSAGE_TOO_LARGE',
          `a record of some ${bytes} bytes is over max.message.bytes (${metadata.config.maxMessageBytes}) of ${metadata.topic}; raise the topic's setting, or store the content elsewhere and send a reference.`,
        );
      }
      return this.#chooser.choose(metadata, message, bytes, queuedBytes);
    });
  }

  async #metadataOf(topic: string): Promise<TopicMetadata> {
    try {
      return await this.#context.metadata.get(topic);
    } catch (error) {
      if (error instanceof PostlogError && error.code === 'UNKNOWN_TOPIC_OR_PARTITION' && (await this.#context.autoCreateTopic(topic))) {
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
