import type { ConsumedMessage } from '@postlog/core';
import { HandlingContext, type HandlingPlace } from './handling.context.js';

/** A record as batch handlers get it. */
export interface LogRecord<Value = unknown> {
  readonly value: Value;
  /** The key as text, or null. */
  readonly key: string | null;
  readonly headers: ConsumedMessage['headers'];
  /** The `type` it was sent with. */
  readonly type: string | undefined;
  /** A decimal string. */
  readonly offset: string;
  /** Milliseconds since 1970, a decimal string. */
  readonly timestamp: string;
}

export interface BatchPlace extends HandlingPlace {
  readonly firstOffset: string;
  readonly lastOffset: string;
}

/** Where a batch comes from (`@Ctx()` of a handler with `batch`). */
export class PostlogBatchContext extends HandlingContext<BatchPlace> {
  /** A decimal string. */
  get firstOffset(): string {
    return this.args[0].firstOffset;
  }

  /** A decimal string. */
  get lastOffset(): string {
    return this.args[0].lastOffset;
  }

  get place(): string {
    return `${this.topic}-${this.partition} at ${this.firstOffset} to ${this.lastOffset}`;
  }
}
