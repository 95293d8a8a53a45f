/** A header's value: bytes or text, or several under one name (KafkaJS's `IHeaders`). */
export type HeaderValue = Buffer | string;
export type Headers = Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>;

/**
 * A message as users hand it to `send` (KafkaJS's `Message`).
 *
 * `key` and `value` may be text, bytes or null; a null value is a tombstone. `timestamp` is milliseconds since 1970 as
 * a decimal string; absent means now.
 */
export interface Message {
  readonly key?: Uint8Array | string | null;
  readonly value: Uint8Array | string | null;
  readonly partition?: number;
  readonly headers?: Headers;
  readonly timestamp?: string;
}

/**
 * A message as consumers get it (KafkaJS's `KafkaMessage`).
 *
 * `offset` and `timestamp` (milliseconds since 1970) are decimal strings. `key` and `value` are slices of the batch they
 * came in: copy one that is kept for long. `headers` has no prototype and belongs to this message alone; several values
 * of one name are an array.
 */
export interface ConsumedMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  /** Of the record, not of its batch: Kafka has no use for them yet. */
  readonly attributes: number;
  readonly offset: string;
  readonly headers: Headers;
}
