import { PostlogError } from '../errors/postlog-error.js';
import type { Clock } from '../runtime/clock.js';
import { createDeferred } from '../runtime/deferred.js';

interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

/**
 * The producer's memory: a sum of bytes with a limit. Who finds no room waits in line; a later, smaller request does not
 * overtake, since that would change the order of records.
 */
export class BufferMemory {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #line: Waiter[] = [];
  #used = 0;

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Takes the bytes now if that is possible without waiting. */
  tryTake(bytes: number): boolean {
    if (this.#line.length > 0 || this.#used + bytes > this.#limit) return false;
    this.#used += bytes;
    return true;
  }

  /** @throws PostlogError `RECORD_LIST_TOO_LARGE` when it can never fit, `BUFFER_EXHAUSTED` when no room came in time. */
  async take(bytes: number, timeoutMs: number): Promise<void> {
    if (bytes > this.#limit) {
      throw new PostlogError(
        'RECORD_LIST_TOO_LARGE',
        `one send of ${bytes} bytes is more than bufferMemoryBytes (${this.#limit}); send fewer records at a time or raise it.`,
      );
    }
    if (this.tryTake(bytes)) return;
    const admitted = createDeferred<void>();
    const waiter = { bytes, admit: () => admitted.resolve() };
    this.#line.push(waiter);
    const cancel = this.#clock.after(timeoutMs, () => {
      const place = this.#line.indexOf(waiter);
      if (place < 0) return;
      this.#line.splice(place, 1);
      admitted.reject(
        new PostlogError(
          'BUFFER_EXHAUSTED',
          `no room within ${timeoutMs} ms in the producer's buffer of ${this.#limit} bytes; send more slowly, await send, or raise bufferMemoryBytes.`,
        ),
      );
      this.#admit();
    });
    await admitted.promise.finally(cancel);
  }

  give(bytes: number): void {
    this.#used -= bytes;
    this.#admit();
  }

  #admit(): void {
    for (
      let first = this.#line[0];
      first !== undefined && this.#used + first.bytes <= this.#limit;
      first = this.#line[0]
    ) {
      this.#line.shift();
      this.#used += first.bytes;
      first.admit();
    }
  }
}
