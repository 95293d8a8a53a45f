import type { AnyTopic, Topic } from '../topic/topic.js';
import type { Due, ScheduledDelivery } from '@postlog/core';
import type { OutgoingRecord, ScheduledRecord, SendBatchOptions, SendOptions, SentRecord } from './outgoing.js';
import type { PostlogProducer } from './postlog.producer.js';

/** Publishes to one topic: `@InjectProducer(OrdersPlaced) private readonly orders: TopicProducer<OrderPlaced>`. */
export class TopicProducer<Sent> {
  readonly topic: Topic<Sent, unknown> | string;
  readonly #producer: PostlogProducer;

  constructor(producer: PostlogProducer, topic: AnyTopic | string) {
    this.#producer = producer;
    this.topic = topic as Topic<Sent, unknown> | string;
  }

  /** @see PostlogProducer.send */
  send(value: Sent, options: SendOptions & Due): Promise<ScheduledRecord>;
  send(value: Sent, options?: SendOptions): Promise<SentRecord>;
  send(value: Sent, options?: SendOptions): Promise<SentRecord> {
    return this.#producer.send(this.topic as Topic<Sent, unknown>, value, options);
  }

  /** @see PostlogProducer.sendBatch */
  sendBatch(records: readonly OutgoingRecord<Sent>[], options: SendBatchOptions & Due): Promise<ScheduledDelivery>;
  sendBatch(records: readonly OutgoingRecord<Sent>[], options?: SendBatchOptions): Promise<SentRecord[]>;
  sendBatch(
    records: readonly OutgoingRecord<Sent>[],
    options?: SendBatchOptions,
  ): Promise<SentRecord[] | ScheduledDelivery> {
    return this.#producer.sendBatch(this.topic as Topic<Sent, unknown>, records, options);
  }
}
