import type { Clock } from '../runtime/clock.js';
import { retryDelay, type ResolvedRetry } from '../runtime/backoff.js';
import type { EventBus } from '../runtime/events.js';
import { offset, type Offset } from '../record/offset.js';
import type { AssignedPartition } from './assigned-partition.js';
import { FetchedBatch } from './batch.js';
import { CONSUMER_EVENTS } from './consumer-types.js';
import type { CheckedRun } from './run-options.js';
import type { TopicPartitionOffset } from './run-types.js';
import type { FetchedRecords } from './fetched-records.js';
import { KeyedHandling } from './keyed-handling.js';
import { settle, type HandledPart, type HandlerTransactions } from './settlement.js';

export interface HandlerRunnerOptions {
  readonly run: CheckedRun;
  /** Undefined: what a handler did is final when it returns. */
  readonly transactions: HandlerTransactions | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly retry: ResolvedRetry;
  readonly events: EventBus;
  readonly partitions: () => Iterable<AssignedPartition>;
  /** While false no call begins: others may own the partitions by now. */
  readonly isAlive: () => boolean;
  readonly pause: (partition: AssignedPartition) => () => void;
  /** How many records were handled; the moment to commit may have come. */
  readonly onHandled: (records: number) => void;
  readonly commit: () => Promise<void>;
  readonly uncommitted: () => TopicPartitionOffset[];
  /** A record failed more often than `retry.retries`. */
  readonly onCrash: (error: Error) => void;
}

/**
 * Gives records to the user's handler: a partition's in order and one call at a time (or a key's, with `keyConcurrency`), of
 * so many partitions at once. A call that fails is repeated after a rest, from the record that failed on; others go on
 * meanwhile.
 */
export class HandlerRunner {
  readonly #options: HandlerRunnerOptions;
  #running = 0;
  #isStopped = false;
  #turns = 0;
  /** When calls that run began, by whatever made them. */
  readonly #startedAt = new Map<object, number>();
  /** Also of partitions that were lost: their successors wait until the call has ended. */
  readonly #inHand = new Set<number>();
  readonly #keyed = new WeakMap<AssignedPartition, KeyedHandling>();
  #idle: (() => void)[] = [];

  constructor(options: HandlerRunnerOptions) {
    this.#options = options;
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

  /** No further calls; resolves when those that run have ended. */
  stop(): Promise<void> {
    this.#isStopped = true;
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** How long the oldest call has been running, in milliseconds. */
  longestCallMs(): number {
    const now = this.#options.clock.monotonic();
    return Math.max(0, ...[...this.#startedAt.values()].map((startedAt) => now - startedAt));
  }

  /** Of those that are ready the one that waited longest, so that a full one does not starve the others. */
  #next(): AssignedPartition | undefined {
    let next: AssignedPartition | undefined;
    for (const p of this.#options.partitions()) {
      const isFree = !p.isPaused && !p.isReleased && !p.isResting && !this.#inHand.has(p.partitionId);
      if (isFree && this.#canStart(p) && (next === undefined || p.lastTurn < next.lastTurn)) next = p;
    }
    if (next !== undefined) next.lastTurn = ++this.#turns;
    return next;
  }

  #canStart(partition: AssignedPartition): boolean {
    const keyed = this.#keyed.get(partition);
    return keyed?.generation === partition.generation ? keyed.canStart : partition.hasRecords;
  }

  #finished(partition: AssignedPartition): void {
    this.#running -= 1;
    partition.isBeingHandled = false;
    this.#inHand.delete(partition.partitionId);
    this.#startedAt.delete(partition);
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
    this.pump();
  }

  #handle(partition: AssignedPartition): Promise<void> {
    return (this.#options.run.keyConcurrency ?? 1) > 1
      ? this.#keyedHandling(partition).run()
      : this.#handleInOrder(partition);
  }

  async #handleInOrder(partition: AssignedPartition): Promise<void> {
    const records = partition.takeRecords();
    if (records === undefined) return;
    const { events, clock } = this.#options;
    const generation = partition.generation;
    const summary = {
      topic: partition.topic,
      partition: partition.partition,
      batchSize: records.messages.length,
      firstOffset: records.messages[0]!.offset,
      lastOffset: records.messages.at(-1)!.offset,
    };
    events.emit(CONSUMER_EVENTS.START_BATCH_PROCESS, summary);
    const startedAt = clock.monotonic();
    try {
      await (this.#options.run.eachBatch === undefined
        ? this.#eachMessage(partition, records)
        : this.#eachBatch(partition, records));
      partition.failures = 0;
    } catch (error) {
      this.#failed(partition, asError(error));
    }
    if (partition.resolvedOffset !== null && partition.resolvedOffset < records.nextOffset) {
      partition.returnRecords(records, partition.resolvedOffset, generation);
    }
    events.emit(CONSUMER_EVENTS.END_BATCH_PROCESS, { ...summary, duration: clock.monotonic() - startedAt });
  }

  async #eachMessage(partition: AssignedPartition, { messages, leaderEpoch }: FetchedRecords): Promise<void> {
    const part = { partition, generation: partition.generation, leaderEpoch };
    const shared = this.#sharedBy(partition);
    const { run, transactions, clock, onHandled } = this.#options;
    for (const message of messages) {
      if (this.#isStale(part) || partition.isPaused || !this.#options.isAlive()) return;
      this.#startedAt.set(partition, clock.monotonic());
      const next = nextOffset(message.offset);
      if (transactions === undefined) {
        const handled = run.eachMessage!({ ...shared, message });
        if (handled !== undefined) await handled;
        partition.resolve(next, part.generation, leaderEpoch);
      } else {
        await transactions.run(part, async (transaction) => {
          await run.eachMessage!({ ...shared, message, transaction });
          return next;
        });
      }
      onHandled(1);
    }
  }

  async #eachBatch(partition: AssignedPartition, records: FetchedRecords): Promise<void> {
    const part = { partition, generation: partition.generation, leaderEpoch: records.leaderEpoch };
    const { run, transactions, commit, uncommitted, clock } = this.#options;
    const { topic, partition: number, heartbeat, pause } = this.#sharedBy(partition);
    this.#startedAt.set(partition, clock.monotonic());
    await settle(transactions, part, async (transaction) => {
      let resolved: Offset | undefined;
      await run.eachBatch!({
        batch: new FetchedBatch({ ...records, topic, partition: number }),
        resolveOffset: (value: string) => {
          resolved = nextOffset(value);
          // In a transaction nothing is done before its commit.
          if (transaction === undefined) partition.resolve(resolved, part.generation, part.leaderEpoch);
        },
        heartbeat,
        pause,
        commitOffsetsIfNecessary: commit,
        uncommittedOffsets: uncommitted,
        isRunning: () => !this.#isStopped,
        isStale: () => this.#isStale(part) || !this.#options.isAlive(),
        ...(transaction === undefined ? {} : { transaction }),
      });
      return run.eachBatchAutoResolve !== false && !this.#isStale(part) ? records.nextOffset : resolved;
    });
    this.#options.onHandled(records.messages.length);
  }

  /** What is in hand of a partition by keys; after a seek that is nothing. */
  #keyedHandling(partition: AssignedPartition): KeyedHandling {
    const known = this.#keyed.get(partition);
    if (known?.generation === partition.generation) return known;
    const { run, clock, random, retry, onHandled } = this.#options;
    const shared = this.#sharedBy(partition);
    const handling: KeyedHandling = new KeyedHandling({
      partition,
      concurrency: run.keyConcurrency!,
      clock,
      isStopped: () => this.#isStopped,
      mayStart: this.#options.isAlive,
      call: async (message, token) => {
        this.#startedAt.set(token, clock.monotonic());
        try {
          await run.eachMessage!({ ...shared, message });
        } finally {
          this.#startedAt.delete(token);
        }
      },
      onHandled: () => onHandled(1),
      restAfter: (error, failures) => {
        if (failures < retry.retries) return retryDelay(retry, failures, random);
        this.#crash(asError(error));
        return undefined;
      },
      onReady: () => this.pump(),
    });
    this.#keyed.set(partition, handling);
    return handling;
  }

  #sharedBy(partition: AssignedPartition) {
    return {
      topic: partition.topic,
      partition: partition.partition,
      heartbeat: () => Promise.resolve(),
      pause: () => this.#options.pause(partition),
    };
  }

  #isStale({ partition, generation }: HandledPart): boolean {
    return this.#isStopped || partition.isReleased || partition.generation !== generation;
  }

  #failed(partition: AssignedPartition, error: Error): void {
    if (partition.isReleased || this.#isStopped) return;
    const { retry, clock, random } = this.#options;
    if (partition.failures >= retry.retries) {
      this.#crash(error);
      return;
    }
    const wait = retryDelay(retry, partition.failures, random);
    partition.failures += 1;
    partition.isResting = true;
    clock.after(wait, () => {
      partition.isResting = false;
      this.pump();
    });
  }

  #crash(error: Error): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#options.onCrash(error);
  }
}

/** A committed offset is the next one to read (rule H54). */
function nextOffset(value: string) {
  return offset(BigInt(value) + 1n);
}

/** Handlers may throw anything; what is not an Error is kept as the cause. */
function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new Error(`the handler threw something that is no Error: ${String(error)}`, { cause: error });
}
