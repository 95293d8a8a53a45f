import { afterTurn } from '../runtime/after-turn.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { SignOfLife } from './liveness.store.js';

/** Collects the heartbeats of one turn of the event loop, such as those of members that were woken together, into one statement. */
export class HeartbeatBatch {
  readonly #send: (members: readonly SignOfLife[]) => Promise<ReadonlySet<SignOfLife>>;
  #waiting: { readonly member: SignOfLife; readonly answer: Deferred<boolean> }[] = [];

  /** `send` answers who has something to look at. */
  constructor(send: (members: readonly SignOfLife[]) => Promise<ReadonlySet<SignOfLife>>) {
    this.#send = send;
  }

  /** Whether the member has something to look at. */
  add(member: SignOfLife): Promise<boolean> {
    const answer = createDeferred<boolean>();
    if (this.#waiting.length === 0) afterTurn(() => void this.#go());
    this.#waiting.push({ member, answer });
    return answer.promise;
  }

  async #go(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const toLook = await this.#send(waiting.map(({ member }) => member));
      for (const { member, answer } of waiting) answer.resolve(toLook.has(member));
    } catch (error) {
      for (const { answer } of waiting) answer.reject(error);
    }
  }
}
