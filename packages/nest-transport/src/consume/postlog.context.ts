import type { ConsumedMessage } from '@postlog/core';
import { headerText, TYPE_HEADER, userMetadata } from '../publish/control-headers.js';
import { HandlingContext, type HandlingPlace } from './handling.context.js';

export interface RecordPlace extends HandlingPlace {
  readonly message: ConsumedMessage;
}

/** Where a record comes from, for handlers, guards and interceptors (`@Ctx()`). */
export class PostlogContext extends HandlingContext<RecordPlace> {
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

  /** The sender's headers as text (Nest's packet metadata travels in them). */
  getMetadata(): Record<string, string> {
    return userMetadata(this.headers);
  }

  get place(): string {
    return `${this.topic}-${this.partition} at ${this.offset}`;
  }
}
