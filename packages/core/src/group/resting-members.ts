import type { Clock } from '../runtime/clock.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { SignOfLife } from './liveness.store.js';

interface RestingMember {
  readonly sign: SignOfLife;
  readonly onBeat: (sentAt: number) => void;
  /** True when it has something to look at. */
  readonly awake: Deferred<boolean>;
}

/**
 * Keeps the sessions of members that have nothing to say: all that rest in a process at one interval go into one statement,
 * at one moment, and none of them is disturbed until there is something for it to look at. So the cost of a member that is
 * idle is a line of an array, on both sides.
 */
export class RestingMembers {
  readonly #clock: Clock;
  readonly #send: (members: readonly SignOfLife[]) => Promise<ReadonlySet<SignOfLife>>;
  readonly #byInterval = new Map<number, Set<RestingMember>>();

  constructor(options: {
    readonly clock: Clock;
    /** Answers who has something to look at. */
    readonly send: (members: readonly SignOfLife[]) => Promise<ReadonlySet<SignOfLife>>;
  }) {
    this.#clock = options.clock;
    this.#send = options.send;
  }

  /**
   * Resolves to true when the member has something to look at, to false when `signal` aborts; rejects when its session could
   * not be renewed. `onBeat` is called whenever it was, with the moment before it was asked for.
   */
  rest(sign: SignOfLife, intervalMs: number, onBeat: (sentAt: number) => void, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    const member: RestingMember = { sign, onBeat, awake: createDeferred<boolean>() };
    const known = this.#byInterval.get(intervalMs);
    const members = known ?? new Set();
    members.add(member);
    if (known === undefined) {
      this.#byInterval.set(intervalMs, members);
      this.#beatAfter(intervalMs, members);
    }
    signal.addEventListener(
      'abort',
      () => {
        members.delete(member);
        member.awake.resolve(false);
      },
      { once: true },
    );
    return member.awake.promise;
  }

  #beatAfter(intervalMs: number, members: Set<RestingMember>): void {
    this.#clock.after(intervalMs, () => {
      if (members.size === 0) this.#byInterval.delete(intervalMs);
      else void this.#beat(members).finally(() => this.#beatAfter(intervalMs, members));
    });
  }

  async #beat(members: Set<RestingMember>): Promise<void> {
    const resting = [...members];
    const sentAt = this.#clock.monotonic();
    try {
      const toLook = await this.#send(resting.map(({ sign }) => sign));
      for (const member of resting) {
        if (!members.has(member)) continue; // It was woken meanwhile.
        if (toLook.has(member.sign)) {
          members.delete(member);
          member.awake.resolve(true);
        } else member.onBeat(sentAt);
      }
    } catch (error) {
      for (const member of resting) {
        members.delete(member);
        member.awake.reject(error);
      }
    }
  }
}
