import type { DeadLetterFilter } from '../delivery/dead-letter-filter.js';
import type { Headers } from '../record/messages.js';

/** A record that a group could not handle. */
export interface DeadLetter {
  /** Names it for `requeue` and `purge`: its partition and offset in the dead-letter topic. */
  readonly id: string;
  /** Where the record was. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** Of the record, in milliseconds since 1970. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Those that the record had. */
  readonly headers: Headers;
  /** When it became a dead letter, in milliseconds since 1970. */
  readonly failedAt: string;
  readonly attempts: number;
  readonly errorName: string;
  readonly errorMessage: string;
  readonly handlerId: string | null;
  /** `group:topic:partition:offset` of the record. */
  readonly idempotencyKey: string;
}

export interface ListDeadLetters extends DeadLetterFilter {
  /** Most that are listed [100]. */
  readonly limit?: number;
  /** Goes on behind this one, as the last page ended with it. */
  readonly after?: string;
}

/** A filter that means something, or all of them. */
export type ChosenDeadLetters = (DeadLetterFilter & { readonly all?: false }) | { readonly all: true };

/** The dead letters that a group has of a topic. */
export interface DeadLetters {
  /** `<topic>.dlq.<group>`; it exists from the first dead letter on. */
  readonly topic: string;
  /** By partition and offset; what was requeued or purged is left out, and what was stored twice is there once. */
  list(options?: ListDeadLetters): Promise<DeadLetter[]>;
  /**
   * Sends records back to their topic and partition, with their key, value, headers and timestamp and a header
   * `postlog-requeued-from` that names the `idempotencyKey`, in the order in which they failed. With one broker that and their removal from the list
   * are one commit; with several a crash in between leaves them in the list, so that they may be sent again.
   *
   * @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION` when the topic is gone; what was sent by then is done.
   */
  requeue(chosen: ChosenDeadLetters): Promise<{ readonly requeued: number }>;
  /** Removes them for good. */
  purge(chosen: ChosenDeadLetters): Promise<{ readonly purged: number }>;
}
