import type { Postlog } from '@postlog/core';
import type { Sent } from './history.js';

const KEYS = 97;

/** Sends numbered records at a steady rate and notes what was acknowledged. */
export class Sender {
  readonly sent: Sent[] = [];
  readonly #postlog: Postlog;
  readonly #topic: string;
  readonly #rate: number;
  readonly #ended: Promise<void>;
  #isStopped = false;
  #next = 0;

  constructor(postlog: Postlog, topic: string, rate: number) {
    this.#postlog = postlog;
    this.#topic = topic;
    this.#rate = rate;
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    const producer = this.#postlog.producer();
    const startedAt = performance.now();
    const sending = new Set<Promise<void>>();
    while (!this.#isStopped) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * this.#rate);
      for (; this.#next < due; this.#next++) {
        const value = `v${this.#next}`;
        const one = producer
          .send({ topic: this.#topic, messages: [{ key: `k${this.#next % KEYS}`, value }] })
          .then(
            ([place]) => void this.sent.push({ partition: place!.partition, offset: Number(place!.baseOffset), value }),
          )
          .finally(() => sending.delete(one));
        sending.add(one);
      }
      await new Promise((wake) => setTimeout(wake, 10));
    }
    await Promise.all(sending);
    await producer.disconnect();
  }
}
