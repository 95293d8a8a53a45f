import { createDeferred, type Deferred } from '../runtime/deferred.js';

/**
 * How many bytes a consumer has read and not yet given to its handler, all partitions together. Over the limit nobody begins
 * another fetch; those that are under way may still bring theirs, so the limit is passed by one read at most.
 */
export class ReadAhead {
  readonly #limit: number;
  #bytes = 0;
  #room: Deferred<void> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes >= this.#limit) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  untilRoom(): Promise<void> {
    if (this.#bytes < this.#limit) return Promise.resolve();
    this.#room ??= createDeferred<void>();
    return this.#room.promise;
  }
}
