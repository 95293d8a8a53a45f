import type { ConsumedMessage } from '../record/messages.js';

interface Lane {
  readonly waiting: ConsumedMessage[];
  failures: number;
}

/**
 * The records of one partition in hand, a lane a key: the first of each lane may be handled at the same time, the others wait
 * for it. A record without a key has a lane to itself.
 */
export class KeyLanes {
  readonly #lanes = new Map<string, Lane>();
  /** Keys of lanes whose first record may be handled, in the order in which they became so. */
  readonly #ready = new Set<string>();
  /** Offsets that are not handled yet, in order; those handled out of order stay until all before them are. */
  readonly #unfinished = new Set<string>();

  add(messages: readonly ConsumedMessage[]): void {
    for (const message of messages) {
      const key = laneOf(message);
      const lane = this.#lanes.get(key);
      if (lane === undefined) {
        this.#lanes.set(key, { waiting: [message], failures: 0 });
        this.#ready.add(key);
      } else {
        lane.waiting.push(message);
      }
      this.#unfinished.add(message.offset);
    }
  }

  get isEmpty(): boolean {
    return this.#unfinished.size === 0;
  }

  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  /** The lowest offset that is not handled yet; undefined when all are. A commit may go up to it. */
  get lowestUnfinished(): string | undefined {
    const [lowest] = this.#unfinished;
    return lowest;
  }

  /** A record to handle now; its key rests until `finish` or `fail` of it. */
  take(): ConsumedMessage | undefined {
    const [key] = this.#ready;
    if (key === undefined) return undefined;
    this.#ready.delete(key);
    return this.#lanes.get(key)!.waiting[0];
  }

  finish(message: ConsumedMessage): void {
    const key = laneOf(message);
    const lane = this.#lanes.get(key)!;
    lane.waiting.shift();
    this.#unfinished.delete(message.offset);
    if (lane.waiting.length === 0) {
      this.#lanes.delete(key);
      return;
    }
    lane.failures = 0;
    this.#ready.add(key);
  }

  /** Counts a failure of a record, which stays first of its key until `retry`; answers how many there were before. */
  fail(message: ConsumedMessage): number {
    return this.#lanes.get(laneOf(message))!.failures++;
  }

  /** How often a record failed, which is the first of its key. */
  failuresOf(message: ConsumedMessage): number {
    return this.#lanes.get(laneOf(message))!.failures;
  }

  /** The record may be handled again, and its failures are forgotten. */
  restart(message: ConsumedMessage): void {
    this.#lanes.get(laneOf(message))!.failures = 0;
    this.retry(message);
  }

  /** After a failure: the record may be handled again. */
  retry(message: ConsumedMessage): void {
    this.#ready.add(laneOf(message));
  }
}

function laneOf({ key, offset }: ConsumedMessage): string {
  return key === null ? `#${offset}` : `k${key.toString('latin1')}`;
}
