import type { AssignedPartition } from './assigned-partition.js';
import { asError } from './failure-handling.js';
import { HandlerCalls } from './handler-calls.js';
import { KeyedHandling } from './keyed-handling.js';
import type { TopicPartitionOffset } from './run-types.js';
import { OrderedHandling, type OrderedHandlingOptions } from './ordered-handling.js';
import type { HandledPart } from './settlement.js';

export interface HandlerRunnerOptions extends Omit<OrderedHandlingOptions, 'calls' | 'isStale' | 'onReady'> {
  readonly groupId: string | null;
  readonly partitions: () => Iterable<AssignedPartition>;
  readonly pause: (partition: AssignedPartition) => () => void;
  readonly commit: () => Promise<void>;
  readonly uncommitted: () => TopicPartitionOffset[];
}

/**
 * Gives records to the user's handler: a partition's in order and one call at a time (or a key's, with `keyConcurrency`), of
 * so many partitions at once. What becomes of a record whose call fails `failures` says; others go on meanwhile.
 */
export class HandlerRunner {
  readonly #options: HandlerRunnerOptions;
  readonly #calls: HandlerCalls;
  readonly #ordered: OrderedHandling;
  #running = 0;
  #isStopped = false;
  #turns = 0;
  /** Also of partitions that were lost: their successors wait until the call has ended. */
  readonly #inHand = new Set<number>();
  readonly #keyed = new WeakMap<AssignedPartition, KeyedHandling>();
  #idle: (() => void)[] = [];

  constructor(options: HandlerRunnerOptions) {
    this.#options = options;
    this.#calls = new HandlerCalls({
      ...options,
      isRunning: () => !this.#isStopped,
      isStale: (part) => this.#isStale(part),
    });
    this.#ordered = new OrderedHandling({
      ...options,
      calls: this.#calls,
      isStale: (part) => this.#isStale(part),
      onReady: () => this.pump(),
    });
  }

  /** Starts what can be started now. */
  pump(): void {
    const limit = this.#options.run.partitionsConsumedConcurrently ?? 1;
    for (const partition of this.#options.partitions()) {
      if (partition.isBeingHandled) this.#keyed.get(partition)?.pump();
    }
    while (!this.#isStopped && this.#running < limit && this.#options.isAlive()) {
      const partition = this.#next();
      if (partition === undefined) return;
      this.#running += 1;
      partition.isBeingHandled = true;
      this.#inHand.add(partition.partitionId);
      void this.#handle(partition).finally(() => this.#finished(partition));
    }
  }

  /** No further calls. */
  halt(): void {
    this.#isStopped = true;
  }

  /** No further calls; resolves when those that run have ended. */
  stop(): Promise<void> {
    this.#isStopped = true;
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** How long the oldest call has been running, in milliseconds. */
  longestCallMs(): number {
    return this.#calls.longestCallMs();
  }

  /** Of those that are ready the one that waited longest, so that a full one does not starve the others. */
  #next(): AssignedPartition | undefined {
    let next: AssignedPartition | undefined;
    for (const p of this.#options.partitions()) {
      const isFree = !p.isPaused && !p.isReleased && !p.failures.isResting && !this.#inHand.has(p.partitionId);
      if (isFree && this.#canStart(p) && (next === undefined || p.lastTurn < next.lastTurn)) next = p;
    }
    if (next !== undefined) next.lastTurn = ++this.#turns;
    return next;
  }

  #canStart(partition: AssignedPartition): boolean {
    const keyed = this.#keyed.get(partition);
    if (this.#options.parking?.isDue(partition) === true) return true;
    return keyed?.generation === partition.generation ? keyed.canStart : partition.hasRecords;
  }

  #finished(partition: AssignedPartition): void {
    this.#running -= 1;
    partition.isBeingHandled = false;
    this.#inHand.delete(partition.partitionId);
    this.#calls.end(partition);
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
    this.pump();
  }

  async #handle(partition: AssignedPartition): Promise<void> {
    const { parking, run } = this.#options;
    if (parking?.isDue(partition) === true) {
      const part = { partition, generation: partition.generation, leaderEpoch: -1 };
      const isStale = () => this.#isStale(part) || !this.#options.isAlive();
      const isKnown = await parking.turn(
        partition,
        (message, attempt) => this.#calls.one(part, message, attempt),
        isStale,
      );
      if (!isKnown || isStale() || partition.isPaused) return;
    }
    await ((run.keyConcurrency ?? 1) > 1 ? this.#keyedHandling(partition).run() : this.#ordered.run(partition));
  }

  /** What is in hand of a partition by keys; after a seek that is nothing. */
  #keyedHandling(partition: AssignedPartition): KeyedHandling {
    const known = this.#keyed.get(partition);
    if (known?.generation === partition.generation) return known;
    const { run, clock, failures, parking, onHandled, isAlive } = this.#options;
    const part = { partition, generation: partition.generation, leaderEpoch: -1 };
    const handling: KeyedHandling = new KeyedHandling({
      partition,
      concurrency: run.keyConcurrency!,
      clock,
      isStopped: () => this.#isStopped,
      mayStart: () => isAlive() && parking?.isDue(partition) !== true,
      call: async (message, attempt) => {
        if (parking?.holds(partition, message) === true) await parking.park(partition, message);
        else await this.#calls.one(part, message, attempt);
      },
      onHandled: () => onHandled(1),
      failed: (message, error, before) =>
        failures.failed({
          partition,
          message,
          error: asError(error),
          attempt: before + 1,
          isDone: false,
          failures: before,
          isStale: () => this.#isStale(part),
          settle: (work) => work(undefined),
        }),
      onReady: () => this.pump(),
    });
    this.#keyed.set(partition, handling);
    return handling;
  }

  #isStale({ partition, generation }: HandledPart): boolean {
    return this.#isStopped || partition.isReleased || partition.generation !== generation;
  }
}
