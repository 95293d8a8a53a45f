import type { Producer, RecordMetadata } from '@postlog/core';
import { errorBody } from './remote-error.js';
import { INBOX_TOPIC, replyHeaders, type ReplyKind, type Request } from './request-headers.js';

/** The answers to one request, in order. One that has no JSON form becomes an error, so that whoever asked does not wait in vain. */
export class Replies {
  readonly #producer: Producer;
  readonly #request: Request;
  readonly #sent: Promise<RecordMetadata[]>[] = [];

  constructor(producer: Producer, request: Request) {
    this.#producer = producer;
    this.#request = request;
  }

  next(value: unknown): void {
    this.#send('next', value);
  }

  /** Nothing is an end without a value, as Nest's own transports have it. */
  last(value: unknown): void {
    if (value === undefined) this.end();
    else this.#send('last', value);
  }

  end(): void {
    this.#send('end', null);
  }

  error(error: unknown): void {
    this.#send('error', errorBody(error));
  }

  /** Resolves when all are stored. */
  async sent(): Promise<void> {
    await Promise.all(this.#sent);
  }

  #send(kind: ReplyKind, value: unknown): void {
    const text = jsonOf(value);
    if (text === undefined) {
      this.error(new TypeError(`the answer to ${this.#request.pattern} has no JSON form`));
      return;
    }
    const { inboxPartition: partition } = this.#request;
    const message = { partition, value: text, headers: replyHeaders(this.#request, kind) };
    const sending = this.#producer.send({ topic: INBOX_TOPIC, messages: [message] });
    sending.catch(() => {}); // `sent` tells.
    this.#sent.push(sending);
  }
}

/** Undefined where there is none. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
