import type { Due, Message, Postlog, Producer, RecordMetadata, ScheduledDelivery } from '@postlog/core';
import type { TopicDirectory } from '../topic/topic-directory.js';
import type { AnyTopic, Topic } from '../topic/topic.js';
import {
  outgoingMessage,
  type AtOnce,
  type OutgoingRecord,
  type ScheduledRecord,
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
   * Resolves with the record's place once it is stored; in a transaction once it is written there: await it before the commit. With `deliverAt` or
   * `delayMs` once it is kept for later, with the id that cancels it.
   *
   * @throws PostlogError `INVALID_RECORD` when the value does not fit the topic's schema, `INVALID_TXN_STATE` for a `tx` that is no open
   * transaction, and for none where the topic has `requireTx`, and as core's `send` does.
   */
  send<Sent>(topic: Topic<Sent, unknown>, value: NoInfer<Sent>, options: SendOptions & Due): Promise<ScheduledRecord>;
  send<Sent>(topic: Topic<Sent, unknown>, value: NoInfer<Sent>, options: SendOptions & AtOnce): Promise<RecordMetadata>;
  send<Sent>(topic: Topic<Sent, unknown>, value: NoInfer<Sent>, options?: SendOptions): Promise<SentRecord>;
  send(topic: string, value: unknown, options: SendOptions & Due): Promise<ScheduledRecord>;
  send(topic: string, value: unknown, options: SendOptions & AtOnce): Promise<RecordMetadata>;
  send(topic: string, value: unknown, options?: SendOptions): Promise<SentRecord>;
  async send(
    topic: AnyTopic | string,
    value: unknown,
    { acks, tx, deliverAt, delayMs, ...options }: SendOptions = {},
  ): Promise<SentRecord | ScheduledRecord> {
    const answer = await this.#send(topic, [{ value, ...options }], { acks, tx, deliverAt, delayMs });
    if (Array.isArray(answer)) return answer[0]!;
    const { id, deliverAt: dueAt, partitions } = answer;
    return { ...partitions[0]!, baseOffset: null, id, deliverAt: dueAt };
  }

  /**
   * Several records of one topic in one request; all of them are checked before the first is sent. Those that are delivered later have one id, and
   * are withdrawn together.
   */
  sendBatch<Sent>(
    topic: Topic<Sent, unknown>,
    records: readonly OutgoingRecord<NoInfer<Sent>>[],
    options: SendBatchOptions & Due,
  ): Promise<ScheduledDelivery>;
  sendBatch<Sent>(
    topic: Topic<Sent, unknown>,
    records: readonly OutgoingRecord<NoInfer<Sent>>[],
    options?: SendBatchOptions,
  ): Promise<SentRecord[]>;
  sendBatch(
    topic: string,
    records: readonly OutgoingRecord[],
    options: SendBatchOptions & Due,
  ): Promise<ScheduledDelivery>;
  sendBatch(topic: string, records: readonly OutgoingRecord[], options?: SendBatchOptions): Promise<SentRecord[]>;
  sendBatch(
    topic: AnyTopic | string,
    records: readonly OutgoingRecord[],
    { acks, tx, deliverAt, delayMs }: SendBatchOptions = {},
  ): Promise<SentRecord[] | ScheduledDelivery> {
    return this.#send(topic, records, { acks, tx, deliverAt, delayMs });
  }

  /**
   * Withdraws what was sent for later; whether it was still to come. It belongs to the transaction that a `send` here would, and takes effect with its
   * commit.
   *
   * @throws as core's `cancel` does
   */
  cancel(id: string, { tx }: Pick<SendBatchOptions, 'tx'> = {}): Promise<boolean> {
    const transaction = tx === undefined ? this.#scope.current() : tx;
    return transaction == null ? this.#producer.cancel(id) : this.#producer.cancel(id, { transaction });
  }

  /** Resolves when everything handed over so far is stored or has failed. */
  flush(): Promise<void> {
    return this.#producer.flush();
  }

  /** Awaits only where a schema does: two sends without `await` between them keep their order. */
  async #send(
    topic: AnyTopic | string,
    records: readonly OutgoingRecord[],
    { acks, tx, deliverAt, delayMs }: Terms,
  ): Promise<SentRecord[] | ScheduledDelivery> {
    const name = this.#topics.nameOf(topic);
    const contract = this.#topics.contractOf(topic);
    const transaction = this.#scope.choose(tx, { name, requireTx: contract?.requireTx });
    const messages = records.map((record) => outgoingMessage(contract, record));
    const settled = messages.some((message) => message instanceof Promise)
      ? await Promise.all(messages.map((message) => Promise.resolve(message)))
      : (messages as Message[]);
    const request = { topic: name, messages: settled, ...(acks === undefined ? {} : { acks }) };
    if (deliverAt !== undefined || delayMs !== undefined) {
      const due = {
        ...(deliverAt === undefined ? {} : { deliverAt }),
        ...(delayMs === undefined ? {} : { delayMs }),
      } as Due;
      return this.#producer.send({ ...request, ...due, ...(transaction === undefined ? {} : { transaction }) });
    }
    if (transaction === undefined) return this.#producer.send(request);
    const places = await this.#producer.send({ ...request, transaction });
    return places.map((place) => ({ ...place, baseOffset: null }));
  }
}

type Terms = { readonly [Name in keyof SendBatchOptions]: SendBatchOptions[Name] | undefined };
