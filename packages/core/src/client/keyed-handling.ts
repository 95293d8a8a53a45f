import type { ConsumedMessage } from '../record/messages.js';
import { offset } from '../record/offset.js';
import type { Clock } from '../runtime/clock.js';
import type { AssignedPartition } from './assigned-partition.js';
import type { Verdict } from './failure-handling.js';
import { KeyLanes } from './key-lanes.js';

/** Most records, and bytes, in hand of one partition: so far may one slow key fall behind the others. */
const MOST_RECORDS = 10_000;
const MOST_BYTES = 4_194_304;

export interface KeyedHandlingOptions {
  readonly partition: AssignedPartition;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly isStopped: () => boolean;
  readonly mayStart: () => boolean;
  /** Calls the handler. */
  readonly call: (message: ConsumedMessage, attempt: number) => Promise<void>;
  readonly onHandled: () => void;
  /** Decides what becomes of a record whose handler failed, and so often before. */
  readonly failed: (message: ConsumedMessage, error: unknown, failures: number) => Promise<Verdict>;
  /** A record may be handled again. */
  readonly onReady: () => void;
}

/**
 * Handles one partition's records of different keys at the same time. It takes more while slow keys are still at work, so
 * that one of them holds up no other key; what is resolved, and committed, ends before the lowest unfinished record.
 */
export class KeyedHandling {
  /** Of the partition when this began; a seek makes all of it stale. */
  readonly generation: number;
  readonly #options: KeyedHandlingOptions;
  readonly #lanes = new KeyLanes();
  #records = 0;
  #bytes = 0;
  #calls = 0;
  #nextOffset = offset(0);
  #leaderEpoch = -1;
  #onIdle: (() => void) | undefined;

  constructor(options: KeyedHandlingOptions) {
    this.#options = options;
    this.generation = options.partition.generation;
  }

  /** Whether `run` would call the handler. */
  get canStart(): boolean {
    return this.#lanes.hasReady || (this.#hasRoom && this.#options.partition.hasRecords);
  }

  /** Resolves when no call runs any more. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.pump();
      this.#endIfIdle();
    });
  }

  /** Starts what can be started now; only while it runs. */
  pump(): void {
    if (this.#onIdle === undefined) return;
    const { concurrency, partition, mayStart } = this.#options;
    while (this.#calls < concurrency && mayStart() && !this.#isStale && !partition.isPaused) {
      while (!this.#lanes.hasReady) if (!this.#takeMore()) return;
      const message = this.#lanes.take();
      if (message !== undefined) void this.#handle(message);
    }
  }

  #takeMore(): boolean {
    const records = this.#hasRoom ? this.#options.partition.takeRecords() : undefined;
    if (records === undefined) return false;
    this.#lanes.add(records.messages);
    this.#records += records.messages.length;
    for (const message of records.messages) this.#bytes += sizeOf(message);
    this.#nextOffset = records.nextOffset;
    this.#leaderEpoch = records.leaderEpoch;
    return true;
  }

  async #handle(message: ConsumedMessage): Promise<void> {
    this.#calls += 1;
    try {
      await this.#options.call(message, this.#lanes.failuresOf(message) + 1);
      this.#done(message);
    } catch (error) {
      await this.#failed(message, error);
    }
    this.#calls -= 1;
    this.pump();
    this.#endIfIdle();
  }

  #done(message: ConsumedMessage): void {
    this.#lanes.finish(message);
    this.#records -= 1;
    this.#bytes -= sizeOf(message);
    const lowest = this.#lanes.lowestUnfinished;
    const next = lowest === undefined ? this.#nextOffset : offset(BigInt(lowest));
    this.#options.partition.resolve(next, this.generation, this.#leaderEpoch);
    this.#options.onHandled();
  }

  async #failed(message: ConsumedMessage, error: unknown): Promise<void> {
    if (this.#isStale) return;
    const { failed, clock, onReady } = this.#options;
    const verdict = await failed(message, error, this.#lanes.fail(message));
    if (verdict.kind === 'done') this.#done(message);
    else if (verdict.kind === 'stay') this.#lanes.restart(message);
    else {
      clock.after(verdict.afterMs, () => {
        this.#lanes.retry(message);
        onReady();
      });
    }
  }

  #endIfIdle(): void {
    if (this.#calls > 0) return;
    const resolve = this.#onIdle;
    this.#onIdle = undefined;
    resolve?.();
  }

  get #hasRoom(): boolean {
    return this.#records < MOST_RECORDS && this.#bytes < MOST_BYTES;
  }

  get #isStale(): boolean {
    const { isStopped, partition } = this.#options;
    return isStopped() || partition.isReleased || partition.generation !== this.generation;
  }
}

function sizeOf({ key, value }: ConsumedMessage): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}
