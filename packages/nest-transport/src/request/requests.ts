import { randomUUID } from 'node:crypto';
import type { WritePacket } from '@nestjs/microservices';
import { PostlogError, type Headers, type Message, type Postlog, type Producer } from '@postlog/core';
import { withControlHeaders } from '../publish/control-headers.js';
import { readPayload } from '../publish/payload.js';
import type { CreateTopics } from '../topic/prepare-topics.js';
import { Inbox, type Reply } from './inbox.js';
import { remoteError } from './remote-error.js';
import { cancelHeaders, requestHeaders } from './request-headers.js';

/** What is asked. */
export interface Question {
  readonly topic: string;
  readonly pattern: string;
  /** Key, value and partition of the record. */
  readonly message: Promise<Message> | Message;
  readonly headers: Headers | undefined;
  /** The longest silence, in milliseconds. */
  readonly timeoutMs: number;
}

interface Pending {
  readonly question: Question;
  readonly callback: (packet: WritePacket) => void;
  /** Where it was written, once it was: a cancellation must go the same way. */
  readonly sent: Promise<number | undefined>;
  timer: NodeJS.Timeout;
}

/** The requests of one client that wait for answers. Each ends once: answered, failed, timed out, given up, or closed. */
export class Requests {
  readonly #producer: Producer;
  readonly #inbox: Inbox;
  readonly #pending = new Map<string, Pending>();

  constructor(postlog: Postlog, createTopics: CreateTopics) {
    this.#producer = postlog.producer();
    this.#inbox = new Inbox(postlog, createTopics, (reply) => this.#receive(reply));
  }

  /** Asks; the answer is what `callback` is given. Calling what comes back gives the request up. */
  ask(question: Question, callback: (packet: WritePacket) => void): () => void {
    const id = randomUUID();
    const timer = this.#timer(id, question);
    const sent = this.#send(id, question).catch((error: unknown) => {
      this.#end(id, { err: error, isDisposed: true });
      return undefined;
    });
    this.#pending.set(id, { question, callback, sent, timer });
    return () => this.#giveUp(id);
  }

  /** Fails whatever waits. */
  async close(): Promise<void> {
    for (const id of [...this.#pending.keys()])
      this.#end(id, { err: new Error('Connection closed'), isDisposed: true });
    await this.#inbox.close();
  }

  async #send(id: string, { topic, pattern, message, headers, timeoutMs }: Question): Promise<number | undefined> {
    const deadline = Date.now() + timeoutMs;
    const inboxPartition = await this.#inbox.open();
    const ready = await message;
    if (!this.#pending.has(id)) return undefined;
    const control = requestHeaders({ id, pattern, inbox: this.#inbox.id, inboxPartition, deadline });
    const record = { ...ready, headers: withControlHeaders(headers, control) };
    const [place] = await this.#producer.send({ topic, messages: [record] });
    return place!.partition;
  }

  #receive({ id, kind, message }: Reply): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return; // It was given up, or answered twice after a rebalance.
    const response = readPayload(message);
    if (kind === 'error') return this.#end(id, { err: remoteError(response), isDisposed: true });
    if (kind === 'last') return this.#end(id, { response, isDisposed: true });
    if (kind === 'end') return this.#end(id, { isDisposed: true });
    clearTimeout(pending.timer);
    pending.timer = this.#timer(id, pending.question);
    pending.callback({ response });
  }

  #timer(id: string, { pattern, topic, timeoutMs }: Question): NodeJS.Timeout {
    return setTimeout(() => {
      const detail = `no answer to ${pattern} on ${topic} within ${timeoutMs} ms; see that its handler runs, or raise timeoutMs.`;
      const err = new PostlogError('REQUEST_TIMED_OUT', detail, { outcome: 'unknown' });
      const pending = this.#pending.get(id);
      this.#end(id, { err, isDisposed: true });
      if (pending !== undefined) void this.#cancel(id, pending);
    }, timeoutMs);
  }

  #giveUp(id: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    this.#pending.delete(id);
    void this.#cancel(id, pending);
  }

  #end(id: string, packet: WritePacket): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    this.#pending.delete(id);
    pending.callback(packet);
  }

  /** Only a courtesy: where it does not arrive, the handler works in vain. */
  async #cancel(id: string, { question: { topic }, sent }: Pending): Promise<void> {
    const partition = await sent;
    if (partition === undefined) return;
    const message = { partition, value: null, headers: cancelHeaders(id) };
    await this.#producer.send({ topic, messages: [message] }).catch(() => {});
  }
}
