import { PostlogError, type Postlog, type Producer } from '@postlog/core';
import type { ClientOptions, ProducerPart } from './client-options.js';
import type { EventLog } from './event-log.js';
import { keyOf } from './events.js';

/** Sends numbered records at a steady rate, partition by partition, whatever becomes of those before. */
export class ProducerLoop {
  readonly #part: ProducerPart;
  readonly #options: ClientOptions;
  readonly #log: EventLog;
  readonly #producer: Producer;
  readonly #pending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #generation = 0;
  #sent = 0;

  constructor(postlog: Postlog, part: ProducerPart, { options, log }: { options: ClientOptions; log: EventLog }) {
    this.#part = part;
    this.#options = options;
    this.#log = log;
    this.#producer = postlog.producer({
      idempotent: part.isIdempotent,
      acks: part.acks === 'all' ? 'all' : 1,
      deliveryTimeoutMs: options.deliveryTimeoutMs,
    });
    this.#timer = setInterval(() => this.#send(), 1_000 / part.rate);
  }

  /** Resolves when everything sent so far has its outcome. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }

  #send(): void {
    const { topic, partitions } = this.#options;
    const { acks, isIdempotent, name } = this.#part;
    const partition = this.#sent % partitions;
    const key = keyOf(topic, partition);
    const proc = `${name}.${this.#generation}`;
    const value = `${name}-${this.#sent++}`;
    const head = { f: 'send', proc, op: this.#log.nextOp() } as const;
    this.#log.say({ ...head, type: 'invoke', value: [[key, value]], acks, isIdempotent });
    const one = this.#producer.send({ topic, messages: [{ partition, value }] }).then(
      ([place]) => this.#log.say({ ...head, type: 'ok', value: [[key, [Number(place!.baseOffset), value]]] }),
      (error: unknown) => {
        const isUnknown = !(error instanceof PostlogError) || error.outcome === 'unknown';
        if (isUnknown) this.#generation += 1;
        const err = error instanceof PostlogError ? error.code : String(error);
        this.#log.say({ ...head, type: isUnknown ? 'info' : 'fail', value: [[key, value]], err });
      },
    );
    const tracked = one.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }
}
