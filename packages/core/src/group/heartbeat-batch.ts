import { afterTurn } from '../runtime/after-turn.js';
import type { Clock } from '../runtime/clock.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { SignOfLife } from './liveness.store.js';

/** A heartbeat that nothing hurries waits this long at most for others to go along. */
const LONGEST_WAIT_MS = 250;
/** And no longer than this part of the time since its member's last one. */
const PART_OF_INTERVAL = 0.1;

/**
 * Collects the heartbeats of a process into few statements. Members that were answered together come back together, so
 * they need not wait for each other for long; one that comes sooner than usual was woken, and goes at once with all that wait.
 */
export class HeartbeatBatch {
  readonly #clock: Clock;
  readonly #send: (members: readonly SignOfLife[]) => Promise<ReadonlySet<SignOfLife>>;
  #waiting: { readonly member: SignOfLife; readonly answer: Deferred<boolean> }[] = [];
  #goesAt = Infinity;
  #cancel: (() => void) | undefined;

  constructor(options: {
    readonly clock: Clock;
    /** Answers who has something to look at. */
    readonly send: (members: readonly SignOfLife[]) => Promise<ReadonlySet<SignOfLife>>;
  }) {
    this.#clock = options.clock;
    this.#send = options.send;
  }

  /** Whether the member has something to look at. */
  add(member: SignOfLife, waitMs: number): Promise<boolean> {
    const answer = createDeferred<boolean>();
    this.#waiting.push({ member, answer });
    this.#goWithin(waitMs);
    return answer.promise;
  }

  #goWithin(waitMs: number): void {
    const goesAt = this.#clock.monotonic() + waitMs;
    if (goesAt >= this.#goesAt) return;
    this.#cancel?.();
    this.#goesAt = goesAt;
    let isCancelled = false;
    const go = () => void (isCancelled || this.#go());
    this.#cancel = () => void (isCancelled = true);
    if (waitMs < 1) afterTurn(go);
    else this.#cancel = this.#clock.after(waitMs, go);
  }

  async #go(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#goesAt = Infinity;
    this.#cancel = undefined;
    try {
      const toLook = await this.#send(waiting.map(({ member }) => member));
      for (const { member, answer } of waiting) answer.resolve(toLook.has(member));
    } catch (error) {
      for (const { answer } of waiting) answer.reject(error);
    }
  }
}

/** How long a heartbeat may wait, by the time since its member's last one and the time between the two before. */
export function patience(gapMs: number, lastGapMs: number): number {
  return gapMs < lastGapMs * (1 - PART_OF_INTERVAL) ? 0 : Math.min(LONGEST_WAIT_MS, gapMs * PART_OF_INTERVAL);
}
