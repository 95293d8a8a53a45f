import type { Acks, Headers, Message, RecordMetadata, TransactionHandle } from '@postlog/core';
import { checkValue } from '../topic/check-value.js';
import type { AnyTopic, RecordKey } from '../topic/topic.js';
import { TYPE_HEADER, withControlHeaders } from './control-headers.js';
import { writePayload } from './payload.js';

export interface RecordOptions {
  /** Records of one key stay in one partition, in order [what the topic's `key` says]. */
  readonly key?: RecordKey;
  readonly headers?: Headers;
  /** What kind of event it is, for handlers with `type`. */
  readonly type?: string;
  readonly partition?: number;
  /** Milliseconds since 1970, a decimal string [now]. */
  readonly timestamp?: string;
}

export interface SendBatchOptions {
  /** What to wait for [`'all'`]; not in a transaction, whose commit is its acknowledgement. */
  readonly acks?: Acks;
  /**
   * Publishes in a transaction of yours: what is sent is stored after its commit, and never after a rollback. TypeORM's `EntityManager` or
   * `QueryRunner`, a pg client on which "begin" ran, or `{ query(sql, parameters) }`.
   *
   * [the one of the transactional handler that runs, or what `ambientTx` of the module answers; else none. `null`: none in any case]
   */
  readonly tx?: TransactionHandle | null;
  /** Delivers later: a time, or milliseconds since 1970, on the database's clock. */
  readonly deliverAt?: Date | number;
  /** Delivers later: so many milliseconds after it is written. */
  readonly delayMs?: number;
}

/** Where a record went. In a transaction the offset is not known before the commit. */
export interface SentRecord extends Pick<RecordMetadata, 'topicName' | 'partition' | 'errorCode'> {
  /** A decimal string; null in a transaction. */
  readonly baseOffset: string | null;
}

/** A record that is delivered later. */
export interface ScheduledRecord extends SentRecord {
  readonly baseOffset: null;
  /** For `cancel`. */
  readonly id: string;
  /** When it is due, on the database's clock. */
  readonly deliverAt: Date;
}

/** Publishes at once, in no transaction. */
export interface AtOnce {
  readonly tx: null;
}

export interface SendOptions extends RecordOptions, SendBatchOptions {}

/** A value with what is said of it alone. */
export interface OutgoingRecord<Value = unknown> extends RecordOptions {
  readonly value: Value;
}

/**
 * The message for a record, checked against the topic's contract; a promise only where its schema needs one.
 *
 * @throws PostlogError `INVALID_RECORD`
 */
export function outgoingMessage(
  contract: AnyTopic | undefined,
  { value, type, headers, ...rest }: OutgoingRecord,
): Message | Promise<Message> {
  const message = (): Message => ({
    ...rest,
    ...(rest.key === undefined && contract?.keyOf !== undefined ? { key: contract.keyOf(value as never) } : {}),
    headers: withControlHeaders(headers, type === undefined ? {} : { [TYPE_HEADER]: type }),
    value: writePayload(value, contract),
  });
  const checked = contract === undefined ? value : checkValue(contract, value);
  return checked instanceof Promise ? checked.then(message) : message();
}
