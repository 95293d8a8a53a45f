import type { CompressionName } from '../record/compression.js';
import type { TransactionHandle } from '../postgres/transaction-handle.js';
import type { Message } from '../record/messages.js';
import type { CreatePartitioner } from '../record/partitioners.js';
import type { RetryOptions } from '../runtime/backoff.js';

/** `0` does not wait, `1` waits for the leader's commit, `-1` or `'all'` until every in-sync replica has the record. */
export type Acks = 0 | 1 | -1 | 'all';

export interface ProducerOptions {
  /** What `send` waits for when it does not say [`'all'`]. */
  readonly acks?: Acks;
  /**
   * Give batches a producer id and sequence, so that a retry never duplicates [`true`]. Without, a batch whose answer was lost is not
   * repeated: its outcome is `unknown`.
   */
  readonly idempotent?: boolean;
  /** Codec for every batch [`'lz4'` for batches over 4 KiB that it makes smaller, `'none'` for the others; docs/adr/0002]. */
  readonly compression?: CompressionName;
  /** How long a batch that is not full may wait for more records, in milliseconds [0: it goes when nothing is in flight]. */
  readonly lingerMs?: number;
  /** Bytes after which a batch is full [131 072]. A larger record gets a batch of its own. */
  readonly batchSize?: number;
  /** Most bytes of one append request [4 194 304]. */
  readonly maxRequestSize?: number;
  /** Most bytes of records that wait or are in flight [33 554 432]; `send` waits for room, then fails. */
  readonly bufferMemoryBytes?: number;
  /** From `send` to its outcome at the latest, in milliseconds [120 000]. */
  readonly deliveryTimeoutMs?: number;
  /** How records get their partition [murmur2 of the key; without a key, sticky by batch]. */
  readonly createPartitioner?: CreatePartitioner;
  readonly retry?: RetryOptions;
}

export interface ProducerSend {
  readonly topic: string;
  readonly messages: readonly Message[];
  readonly acks?: Acks;
  readonly compression?: CompressionName;
  readonly transaction?: never;
  readonly deliverAt?: never;
  readonly delayMs?: never;
}

export interface ProducerSendBatch {
  readonly topicMessages: readonly { readonly topic: string; readonly messages: readonly Message[] }[];
  readonly acks?: Acks;
  readonly compression?: CompressionName;
  readonly transaction?: never;
  readonly deliverAt?: never;
  readonly delayMs?: never;
}

/** What is published inside a transaction of the user's: it has no `acks`, since the commit is its acknowledgement. */
export interface TransactionalSend {
  readonly topic: string;
  readonly messages: readonly Message[];
  readonly transaction: TransactionHandle;
  readonly deliverAt?: never;
  readonly delayMs?: never;
}

export interface TransactionalSendBatch {
  readonly topicMessages: ProducerSendBatch['topicMessages'];
  readonly transaction: TransactionHandle;
  readonly deliverAt?: never;
  readonly delayMs?: never;
}

/** When records are due. The database's clock counts. */
export type Due =
  | {
      /** A time, or milliseconds since 1970; one that has passed is now. At most ten years ahead. */
      readonly deliverAt: Date | number;
      readonly delayMs?: never;
    }
  | {
      /** Milliseconds from when the records are written; at most ten years. */
      readonly delayMs: number;
      readonly deliverAt?: never;
    };

/** What is delivered later. It has no `acks`: it is kept in the database, and answered, before. */
export type DelayedSend = Due & {
  readonly topic: string;
  readonly messages: readonly Message[];
  readonly transaction?: TransactionHandle;
};

export type DelayedSendBatch = Due & {
  readonly topicMessages: ProducerSendBatch['topicMessages'];
  readonly transaction?: TransactionHandle;
};

/** One send that is kept until it is due. */
export interface ScheduledDelivery {
  /** For `cancel`. */
  readonly id: string;
  /** When it is due, on the database's clock. */
  readonly deliverAt: Date;
  /** Where its records will go. */
  readonly partitions: PendingRecordMetadata[];
}

/** Where one partition's records of a transactional `send` will go. Their offsets are given after the commit. */
export interface PendingRecordMetadata {
  readonly topicName: string;
  readonly partition: number;
  readonly errorCode: 0;
}

/** Where one partition's records of a `send` went (KafkaJS's `RecordMetadata`). */
export interface RecordMetadata {
  readonly topicName: string;
  readonly partition: number;
  readonly errorCode: 0;
  /** Offset of the first of these records, a decimal string; `'-1'` with `acks: 0`. */
  readonly baseOffset: string;
  readonly logStartOffset: string;
}

/** Publishes records. Safe to share; one per process is usual. */
export interface Producer {
  /** Optional: `send` connects by itself. */
  connect(): Promise<void>;
  /**
   * Publishes to one topic; resolves when the records are stored as `acks` demands.
   *
   * @throws PostlogError: bad input before any effect; `MESSAGE_TOO_LARGE`; `UNKNOWN_TOPIC_OR_PARTITION`;
   * `BUFFER_EXHAUSTED`; `REQUEST_TIMED_OUT` with `outcome: 'unknown'` when the deadline passed after bytes were sent.
   */
  send(record: ProducerSend): Promise<RecordMetadata[]>;
  /**
   * Publishes inside a transaction of the user's: resolves when the records are written in it. They are appended to the log after its
   * commit, and never if it is rolled back. Await it before the commit.
   *
   * @throws PostlogError `INVALID_TXN_STATE` for a transaction that is not open, has failed or is read only; `UNREGISTERED_DATABASE`.
   * A serialization failure or deadlock comes as the driver's own error: the transaction is the caller's to repeat.
   *
   * @example
   * await dataSource.transaction(async (manager) => {
   *   await manager.save(order);
   *   await producer.send({ topic: 'orders', messages: [{ key: order.id, value }], transaction: manager });
   * });
   */
  send(record: TransactionalSend): Promise<PendingRecordMetadata[]>;
  /**
   * Publishes later: resolves when the records are kept, with the id that cancels them. They are appended when they are due on the database's
   * clock, never before, and at most 100 ms after while a process with services runs; what is due earlier comes first. With `transaction` they are
   * kept if that commits, and one that ends after they were due means then. Records without a timestamp get the time when they are due.
   *
   * @throws PostlogError `INVALID_CONFIG` for a time that cannot be; as a send in a transaction; with `outcome: 'unknown'` the message says how to find out.
   *
   * @example
   * const { id } = await producer.send({ topic: 'reminders', messages: [{ key: order.id, value }], delayMs: 3_600_000 });
   * const wasInTime = await producer.cancel(id);
   */
  send(record: DelayedSend): Promise<ScheduledDelivery>;
  /** The same for several topics; each partition's records keep their order. */
  sendBatch(batch: ProducerSendBatch): Promise<RecordMetadata[]>;
  sendBatch(batch: TransactionalSendBatch): Promise<PendingRecordMetadata[]>;
  sendBatch(batch: DelayedSendBatch): Promise<ScheduledDelivery>;
  /**
   * Withdraws a send that is not due yet, all of it. Answers whether it was still to come: with true none of its records is ever delivered, with false
   * they are delivered, or about to be, or there never were any. May be repeated.
   *
   * With `transaction` it is withdrawn if that commits; until then it is held back, and it is delivered after a rollback.
   *
   * @throws PostlogError `INVALID_CONFIG` for what is no id; as a send in a transaction
   */
  cancel(id: string, options?: { readonly transaction: TransactionHandle }): Promise<boolean>;
  /** Resolves when everything handed over so far has its outcome; transactional sends are their callers'. */
  flush(): Promise<void>;
  /** Flushes, then refuses further sends. */
  disconnect(): Promise<void>;
  readonly events: typeof PRODUCER_EVENTS;
  on(event: ProducerEventName, listener: (event: InstrumentationEvent) => void): () => void;
}

/** KafkaJS's instrumentation events of a producer. */
export const PRODUCER_EVENTS = {
  CONNECT: 'producer.connect',
  DISCONNECT: 'producer.disconnect',
  REQUEST: 'producer.network.request',
  REQUEST_TIMEOUT: 'producer.network.request_timeout',
} as const;
export type ProducerEventName = (typeof PRODUCER_EVENTS)[keyof typeof PRODUCER_EVENTS];

/** What every listener of `on` gets (KafkaJS's `InstrumentationEvent`). */
export interface InstrumentationEvent {
  readonly id: number;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly payload: Readonly<Record<string, unknown>>;
}
