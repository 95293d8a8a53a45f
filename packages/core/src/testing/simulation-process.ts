import type { Clock } from '../runtime/clock.js';
import type { VirtualTime } from './simulation-time.js';

/** A clock that runs at a speed of its own, from a start of its own; what it calls back goes through `run`. */
export function skewedClock(
  time: VirtualTime,
  { offsetMs, rate }: { readonly offsetMs: number; readonly rate: number },
  run: (callback: () => void) => void = (callback) => callback(),
): Clock {
  const now = () => offsetMs + time.now * rate;
  const after = (ms: number, callback: () => void) => time.after(ms / rate, () => run(callback));
  return {
    now,
    monotonic: now,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return run(resolve);
        const wake = () => {
          cancel();
          run(resolve);
        };
        const cancel = after(ms, () => {
          signal?.removeEventListener('abort', wake);
          resolve();
        });
        signal?.addEventListener('abort', wake, { once: true });
      }),
  };
}

/**
 * A process: everything that it hears (answers, time) comes through `run`. A dead one hears nothing any more, so whatever
 * it was about to do never comes; a frozen one hears it all when it goes on.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  #isAlive = true;
  #held: (() => void)[] | undefined;

  constructor(name: string, time: VirtualTime, skew: { readonly offsetMs: number; readonly rate: number }) {
    this.name = name;
    this.clock = skewedClock(time, skew, (callback) => this.run(callback));
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  run(callback: () => void): void {
    if (!this.#isAlive) return;
    if (this.#held === undefined) callback();
    else this.#held.push(callback);
  }

  kill(): void {
    this.#isAlive = false;
  }

  freeze(): void {
    this.#held ??= [];
  }

  goOn(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const callback of held) this.run(callback);
  }
}
