import { handleProduce } from '../broker/handle-produce.js';
import type { DueTime } from '../delivery/delay.store.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { TransactionHandle } from '../postgres/transaction-handle.js';
import { EventBus } from '../runtime/events.js';
import { BufferMemory } from './buffer-memory.js';
import { checkOptions, invalid } from './check-options.js';
import { checkSend, type CheckedSend } from './checked-send.js';
import { withOwnBytes, type CheckedTopic } from './checked-topic.js';
import type { Applications } from './applications.js';
import type { Cluster } from './cluster.js';
import { checkDeliveryId, checkDueTime, DUE_TERMS } from './due-time.js';
import type { MetadataCache, TopicMetadata } from './metadata-cache.js';
import { PartitionChooser } from './partition-chooser.js';
import { resolveProducerOptions, type ResolvedProducerOptions } from './producer-options.js';
import {
  PRODUCER_EVENTS,
  type DelayedSend,
  type DelayedSendBatch,
  type Producer,
  type ProducerEventName,
  type ProducerOptions,
  type ProducerSend,
  type ProducerSendBatch,
  type PendingRecordMetadata,
  type RecordMetadata,
  type ScheduledDelivery,
  type TransactionalSend,
  type TransactionalSendBatch,
} from './producer-types.js';
import { Receipt } from './receipt.js';
import { RecordAccumulator } from './record-accumulator.js';
import { Sender } from './sender.js';
import { checkStoredTerms, StoredSends } from './stored-sends.js';

/** Options of a send beside what is sent. */
const TERMS = ['acks', 'compression', 'transaction', ...DUE_TERMS] as const;
type SendTerms = Readonly<Partial<Record<(typeof TERMS)[number], unknown>>>;

type SendAnswer = RecordMetadata[] | PendingRecordMetadata[] | ScheduledDelivery;

export interface ProducerContext {
  readonly cluster: Cluster;
  readonly applications: Applications;
  readonly metadata: MetadataCache;
  /** Creates a topic that is missing, where the connection allows it; answers whether it did. */
  readonly autoCreateTopic: (topic: string) => Promise<boolean>;
  readonly onClosed: (producer: Producer) => void;
  readonly onFault: (error: unknown) => void;
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
  readonly #stored: StoredSends;
  readonly #scheduling = new Set<Promise<unknown>>();
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
    this.#stored = new StoredSends({
      applications: context.applications,
      clock,
      uuid: () => random.uuid(),
      batchSize,
      deliveryTimeoutMs,
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
  send(record: DelayedSend): Promise<ScheduledDelivery>;
  async send(record: ProducerSend | TransactionalSend | DelayedSend): Promise<SendAnswer> {
    const { topic, messages } = checkOptions(record, ['topic', 'messages', ...TERMS], 'send()');
    return this.#sendAll([{ topic, messages }], record);
  }

  sendBatch(batch: ProducerSendBatch): Promise<RecordMetadata[]>;
  sendBatch(batch: TransactionalSendBatch): Promise<PendingRecordMetadata[]>;
  sendBatch(batch: DelayedSendBatch): Promise<ScheduledDelivery>;
  async sendBatch(batch: ProducerSendBatch | TransactionalSendBatch | DelayedSendBatch): Promise<SendAnswer> {
    const { topicMessages } = checkOptions(batch, ['topicMessages', ...TERMS], 'sendBatch()');
    if (!Array.isArray(topicMessages))
      throw invalid('sendBatch() takes topicMessages: an array of { topic, messages }');
    return this.#sendAll(topicMessages, batch);
  }

  async cancel(id: string, options?: { readonly transaction: TransactionHandle }): Promise<boolean> {
    this.#demandOpen();
    const terms = checkOptions(options, ['transaction'], 'cancel()');
    return this.#stored.cancel(checkDeliveryId(id), terms);
  }

  async flush(): Promise<void> {
    await this.#admission.catch(() => {});
    await Promise.allSettled(this.#scheduling);
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

  #sendAll(batches: ProducerSendBatch['topicMessages'], terms: SendTerms): Promise<SendAnswer> {
    this.#demandOpen();
    const checked = checkSend(batches, terms, this.#options);
    const due = checkDueTime(terms, this.#context.cluster.clock.now());
    const isTransactional = 'transaction' in terms;
    if (!isTransactional && due === undefined) return this.#publish(checked);
    checkStoredTerms(terms);
    const { transaction } = terms;
    if (due === undefined) return this.#stored.publish(transaction, checked.topics);
    if (isTransactional) return this.#stored.scheduleIn(transaction, checked.topics, due);
    return this.#schedule(checked, due);
  }

  #publish(send: CheckedSend): Promise<RecordMetadata[]> {
    const metadata =
      this.#admitting === 0 ? send.topics.map(({ topic }) => this.#context.metadata.peek(topic)) : [undefined];
    const { applications } = this.#context;
    const isFree = metadata.every((each) => each !== undefined && !applications.holdBack(each.partitions));
    if (isFree && this.#memory.tryTake(send.bytes)) return this.#handOver(send, metadata as TopicMetadata[]);

    return this.#admit(send, async (kept) => {
      const known: TopicMetadata[] = [];
      for (const { topic } of kept.topics) known.push(await this.#metadataOf(topic));
      // What was committed here comes first.
      for (const { partitions } of known) await applications.untilSequenced(partitions);
      await this.#memory.take(kept.bytes, this.#options.deliveryTimeoutMs);
      return { outcome: this.#handOver(kept, known) };
    });
  }

  /** Until they are kept in the database, records are in memory. */
  #schedule(send: CheckedSend, due: DueTime): Promise<ScheduledDelivery> {
    const start = ({ topics, bytes }: CheckedSend) => {
      const scheduled = this.#stored.schedule(topics, due).finally(() => {
        this.#memory.give(bytes);
        this.#scheduling.delete(scheduled);
      });
      this.#scheduling.add(scheduled);
      return scheduled;
    };
    if (this.#admitting === 0 && this.#memory.tryTake(send.bytes)) return start(send);
    return this.#admit(send, async (kept) => {
      await this.#memory.take(kept.bytes, this.#options.deliveryTimeoutMs);
      return { outcome: start(kept) };
    });
  }

  /** Lets a send that must wait take its turn. It is encoded after that, so bytes that the caller may change meanwhile are copied. */
  #admit<T>(send: CheckedSend, step: (kept: CheckedSend) => Promise<{ outcome: Promise<T> }>): Promise<T> {
    const kept = { ...send, topics: send.topics.map(withOwnBytes) };
    this.#admitting += 1;
    const admitted = this.#admission.then(() => step(kept));
    this.#admission = admitted.catch(() => {}).finally(() => (this.#admitting -= 1));
    return admitted.then(({ outcome }) => outcome);
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
