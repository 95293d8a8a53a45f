import { BaseRpcContext } from '@nestjs/microservices';
import type { ConsumedMessage } from '@postlog/core';

export interface PostlogContextOptions {
  readonly topic: string;
  readonly partition: number;
  readonly group: string;
  readonly message: ConsumedMessage;
  /** Aborts when a shutdown has waited long enough. */
  readonly signal: AbortSignal;
}

/** Where a record comes from, for handlers, guards and interceptors (`@Ctx()`). */
export class PostlogContext extends BaseRpcContext<[PostlogContextOptions]> {
  /** What the handler really threw, before an exception filter changed it. */
  thrown: unknown;

  constructor(options: PostlogContextOptions) {
    super([options]);
  }

  get topic(): string {
    return this.args[0].topic;
  }

  get partition(): number {
    return this.args[0].partition;
  }

  /** A decimal string. */
  get offset(): string {
    return this.args[0].message.offset;
  }

  get group(): string {
    return this.args[0].group;
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

  get signal(): AbortSignal {
    return this.args[0].signal;
  }

  /** The same for every repeat of this record in this group: for effects outside the database (a mail, an HTTP call). */
  get idempotencyKey(): string {
    return `${this.group}:${this.topic}:${this.partition}:${this.offset}`;
  }

  /** Headers as text (Nest's packet metadata travels in them). */
  getMetadata(): Record<string, string> {
    const metadata: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.headers)) {
      const first: unknown = Array.isArray(value) ? value[0] : value;
      if (typeof first === 'string' || Buffer.isBuffer(first)) metadata[name] = first.toString();
    }
    return metadata;
  }
}
