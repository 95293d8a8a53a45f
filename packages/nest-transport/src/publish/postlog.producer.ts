import type { Message, Postlog, Producer, RecordMetadata } from '@postlog/core';
import type { TopicDirectory } from '../topic/topic-directory.js';
import type { AnyTopic, Topic } from '../topic/topic.js';
import { outgoingMessage, type OutgoingRecord, type SendBatchOptions, type SendOptions } from './outgoing.js';

/**
 * Publishes: inject it by its class. Objects go as JSON, text and bytes as they are. The contract of a topic holds for its name
 * too, once it is declared.
 */
export class PostlogProducer {
  readonly #producer: Producer;
  readonly #topics: TopicDirectory;

  constructor(postlog: Postlog, topics: TopicDirectory) {
    this.#producer = postlog.producer();
    this.#topics = topics;
  }

  /**
   * Resolves with the record's place once it is stored.
   *
   * @throws PostlogError `INVALID_RECORD` when the value does not fit the topic's schema, and as core's `send` does.
   */
  send<Sent>(topic: Topic<Sent, unknown>, value: NoInfer<Sent>, options?: SendOptions): Promise<RecordMetadata>;
  send(topic: string, value: unknown, options?: SendOptions): Promise<RecordMetadata>;
  async send(
    topic: AnyTopic | string,
    value: unknown,
    { acks, ...options }: SendOptions = {},
  ): Promise<RecordMetadata> {
    const [place] = await this.#send(topic, [{ value, ...options }], acks === undefined ? {} : { acks });
    return place!;
  }

  /** Several records of one topic in one request; all of them are checked before the first is sent. */
  sendBatch<Sent>(
    topic: Topic<Sent, unknown>,
    records: readonly OutgoingRecord<NoInfer<Sent>>[],
    options?: SendBatchOptions,
  ): Promise<RecordMetadata[]>;
  sendBatch(topic: string, records: readonly OutgoingRecord[], options?: SendBatchOptions): Promise<RecordMetadata[]>;
  sendBatch(
    topic: AnyTopic | string,
    records: readonly OutgoingRecord[],
    options: SendBatchOptions = {},
  ): Promise<RecordMetadata[]> {
    return this.#send(topic, records, options);
  }

  /** Resolves when everything handed over so far is stored or has failed. */
  flush(): Promise<void> {
    return this.#producer.flush();
  }

  /** Awaits only where a schema does: two sends without `await` between them keep their order. */
  async #send(
    topic: AnyTopic | string,
    records: readonly OutgoingRecord[],
    options: SendBatchOptions,
  ): Promise<RecordMetadata[]> {
    const contract = this.#topics.contractOf(topic);
    const messages = records.map((record) => outgoingMessage(contract, record));
    const settled = messages.some((message) => message instanceof Promise)
      ? await Promise.all(messages.map((message) => Promise.resolve(message)))
      : (messages as Message[]);
    return this.#producer.send({ topic: this.#topics.nameOf(topic), messages: settled, ...options });
  }
}
