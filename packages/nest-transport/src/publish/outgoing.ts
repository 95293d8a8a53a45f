import type { Acks, Headers, Message } from '@postlog/core';
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
  /** What to wait for [`'all'`]. */
  readonly acks?: Acks;
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
    value: writePayload(value),
  });
  const checked = contract === undefined ? value : checkValue(contract, value);
  return checked instanceof Promise ? checked.then(message) : message();
}
