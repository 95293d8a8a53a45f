import type { Random } from '../runtime/random.js';

/** Chance out of a seed (sfc32): the same seed, the same numbers. */
export class SeededRandom implements Random {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    this.#state = Uint32Array.of(0x9e3779b9, seed >>> 0, Math.floor(seed / 2 ** 32), 1);
    for (let round = 0; round < 12; round += 1) this.next();
  }

  next(): number {
    const [a, b, c, counter] = this.#state as unknown as readonly [number, number, number, number];
    const sum = (a + b + counter) >>> 0;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + sum;
    this.#state[3] = counter + 1;
    return sum / 2 ** 32;
  }

  isTrue(chance: number): boolean {
    return this.next() < chance;
  }

  /** From `least` up to, not including, `most`. */
  between(least: number, most: number): number {
    return least + (most - least) * this.next();
  }

  /** A whole number, both ends included. */
  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1));
  }

  one<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)]!;
  }

  producerId(): bigint {
    return BigInt(this.whole(0, 2 ** 50));
  }

  uniqueName(prefix: string): string {
    return `${prefix}-${this.whole(0, 2 ** 50)}`;
  }

  uuid(): string {
    return this.uniqueName('topic');
  }
}
