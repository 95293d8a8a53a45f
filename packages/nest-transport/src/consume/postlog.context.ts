import { NonRetriableError, RetryLaterError, type ConsumedMessage } from '@postlog/core';
import { headerText, TYPE_HEADER, userMetadata } from '../publish/control-headers.js';
import { HandlingContext, type HandlingPlace } from './handling.context.js';

export interface RecordPlace extends HandlingPlace {
  readonly message: ConsumedMessage;
}

/** Where a record comes from, for handlers, guards and interceptors (`@Ctx()`). */
export class PostlogContext extends HandlingContext<RecordPlace> {
  /** What the handler said itself of its record; it holds whatever a filter makes of the error. */
  said: Error | undefined;

  /** A decimal string. */
  get offset(): string {
    return this.args[0].message.offset;
  }

  /** The key as text, or null. */
  get key(): string | null {
    return this.args[0].message.key?.toString() ?? null;
  }

  /** Milliseconds since 1970, a decimal string. */
  get timestamp(): string {
    return this.args[0].message.timestamp;
  }

  get headers(): ConsumedMessage['headers'] {
    return this.args[0].message.headers;
  }

  /** The `type` it was sent with. */
  get type(): string | undefined {
    return headerText(this.headers, TYPE_HEADER);
  }

  /** The same for every repeat of this record in this group: for effects outside the database (a mail, an HTTP call). */
  get idempotencyKey(): string {
    return `${this.group}:${this.topic}:${this.partition}:${this.offset}`;
  }

  /**
   * Ends the call as failed: the record is handled again after `delayMs` milliseconds, in its place. It counts as an
   * attempt. Never returns.
   */
  retry({ delayMs }: { readonly delayMs: number }): never {
    return this.#say(new RetryLaterError(delayMs));
  }

  /** Ends the call as failed for good: the record goes at once where `onExhausted` says, with the reason. Never returns. */
  deadLetter(reason: string): never {
    return this.#say(new NonRetriableError(reason));
  }

  /** Ends the call as handled; what it did in its transaction by then is committed. Never returns. */
  skip(): never {
    return this.#say(new Skipped('skipped by its handler'));
  }

  /** The sender's headers as text (Nest's packet metadata travels in them). */
  getMetadata(): Record<string, string> {
    return userMetadata(this.headers);
  }

  get place(): string {
    return `${this.topic}-${this.partition} at ${this.offset}`;
  }

  #say(error: Error): never {
    this.said = error;
    throw error;
  }
}

/** What `skip` throws. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}
