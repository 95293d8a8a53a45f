import type { Offset } from '../record/offset.js';
import type { Clock } from '../runtime/clock.js';
import type { FetchedRecords } from './fetched-records.js';
import type { ReadAhead } from './read-ahead.js';

/** How many records a call wants at least, and how long those that are there wait for others to come, in milliseconds. */
export interface Gathering {
  readonly records: number;
  readonly waitMs: number;
}

export interface RecordBufferOptions {
  /** Undefined: any number is enough at once. */
  readonly gathering: Gathering | undefined;
  readonly clock: Clock;
  readonly readAhead: ReadAhead;
  /** What is there has waited long enough. */
  readonly onDue: () => void;
}

/** What was read of a partition and not yet handed to its handler. */
export class RecordBuffer {
  readonly #options: RecordBufferOptions;
  #fetches: FetchedRecords[] = [];
  #records = 0;
  #isDue = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: RecordBufferOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#records === 0;
  }

  /** Enough for a call: another fetch would only take memory. */
  get isFull(): boolean {
    return this.#records >= (this.#options.gathering?.records ?? 1);
  }

  /** Whether there is something to hand over: enough, or what has waited long enough. */
  get isReady(): boolean {
    return this.isFull || (this.#isDue && !this.isEmpty);
  }

  push(fetched: FetchedRecords): void {
    this.#fetches.push(fetched);
    this.#count(fetched);
  }

  /** What is there, of one leader epoch; only one fetch's where nobody waits for more. */
  take(): FetchedRecords | undefined {
    let taken = this.#shift();
    if (taken === undefined) return undefined;
    if (this.#options.gathering !== undefined) {
      while (this.#fetches[0]?.leaderEpoch === taken.leaderEpoch) taken = joined(taken, this.#shift()!);
    }
    this.#isDue = false;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#startTimer();
    return taken;
  }

  /** Puts back what was not handled, from an offset on. `isDue`: it has waited before. */
  putBack(fetched: FetchedRecords, from: Offset, isDue: boolean): void {
    const first = fetched.messages.findIndex((message) => BigInt(message.offset) >= from);
    if (first < 0) return;
    const rest = { ...fetched, messages: fetched.messages.slice(first) };
    this.#fetches.unshift(rest);
    this.#isDue ||= isDue;
    this.#count(rest);
  }

  clear(): void {
    while (this.#shift() !== undefined);
    this.#isDue = false;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #shift(): FetchedRecords | undefined {
    const fetched = this.#fetches.shift();
    if (fetched === undefined) return undefined;
    this.#records -= fetched.messages.length;
    this.#options.readAhead.remove(fetched.bytes);
    return fetched;
  }

  #count({ messages, bytes }: FetchedRecords): void {
    this.#records += messages.length;
    this.#options.readAhead.add(bytes);
    this.#startTimer();
  }

  #startTimer(): void {
    const { gathering, clock, onDue } = this.#options;
    if (gathering === undefined || this.isEmpty || this.#isDue || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = clock.after(gathering.waitMs, () => {
      this.#cancelTimer = undefined;
      this.#isDue = true;
      onDue();
    });
  }
}

function joined(earlier: FetchedRecords, later: FetchedRecords): FetchedRecords {
  return {
    ...later,
    messages: [...earlier.messages, ...later.messages],
    bytes: earlier.bytes + later.bytes,
  };
}
