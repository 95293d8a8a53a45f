import type { Message, Postlog, Producer, RecordMetadata } from '@postlog/core';
import type { TopicDirectory } from '../topic/topic-directory.js';
import type { AnyTopic, Topic } from '../topic/topic.js';
import {
  outgoingMessage,
  type AtOnce,
  type OutgoingRecord,
  type SendBatchOptions,
  type SendOptions,
  type SentRecord,
} from './outgoing.js';
import { TransactionScope } from './transaction-scope.js';

/**
 * Publishes: inject it by its class. Objects go as JSON, text and bytes as they are. The contract of a topic holds for its name
 * too, once it is declared.
 *
 * Inside a transactional handler, and where the module's `ambientTx` answers a transaction, what is sent belongs to that transaction.
 */
export class PostlogProducer {
  readonly #producer: Producer;
  readonly #topics: TopicDirectory;
  readonly #scope: TransactionScope;

  constructor(postlog: Postlog, topics: TopicDirectory, scope: TransactionScope = new TransactionScope()) {
    this.#producer = postlog.producer();
    this.#topics = topics;
    this.#scope = scope;
  }

  /**
   * Resolves with the record's place once it is stored; in a transaction once it is written there. Await it before the commit.
   *
   * @throws PostlogError `INVALID_RECORD` when the value does not fit the topic's schema, `INVALID_TXN_STATE` for a `tx` that is no open
   * transaction, and as core's `send` does.
   */
  send<Sent>(topic: Topic<Sent, unknown>, value: NoInfer<Sent>, options: SendOptions & AtOnce): Promise<RecordMetadata>;
  send<Sent>(topic: Topic<Sent, unknown>, value: NoInfer<Sent>, options?: SendOptions): Promise<SentRecord>;
  send(topic: string, value: unknown, options: SendOptions & AtOnce): Promise<RecordMetadata>;
  send(topic: string, value: unknown, options?: SendOptions): Promise<SentRecord>;
  async send(
    topic: AnyTopic | string,
    value: unknown,
    { acks, tx, ...options }: SendOptions = {},
  ): Promise<SentRecord> {
    const terms = { ...(acks === undefined ? {} : { acks }), ...(tx === undefined ? {} : { tx }) };
    const [place] = await this.#send(topic, [{ value, ...options }], terms);
    return place!;
  }

  /** Several records of one topic in one request; all of them are checked before the first is sent. */
  sendBatch<Sent>(
    topic: Topic<Sent, unknown>,
    records: readonly OutgoingRecord<NoInfer<Sent>>[],
    options?: SendBatchOptions,
  ): Promise<SentRecord[]>;
  sendBatch(topic: string, records: readonly OutgoingRecord[], options?: SendBatchOptions): Promise<SentRecord[]>;
  sendBatch(
    topic: AnyTopic | string,
    records: readonly OutgoingRecord[],
    options: SendBatchOptions = {},
  ): Promise<SentRecord[]> {
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
    { acks, tx }: SendBatchOptions,
  ): Promise<SentRecord[]> {
    const transaction = tx === undefined ? this.#scope.current() : tx;
    const contract = this.#topics.contractOf(topic);
    const messages = records.map((record) => outgoingMessage(contract, record));
    const settled = messages.some((message) => message instanceof Promise)
      ? await Promise.all(messages.map((message) => Promise.resolve(message)))
      : (messages as Message[]);
    const request = { topic: this.#topics.nameOf(topic), messages: settled, ...(acks === undefined ? {} : { acks }) };
    if (transaction === undefined || transaction === null) return this.#producer.send(request);
    const places = await this.#producer.send({ ...request, transaction });
    return places.map((place) => ({ ...place, baseOffset: null }));
  }
}
