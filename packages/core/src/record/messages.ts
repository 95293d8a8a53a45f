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
