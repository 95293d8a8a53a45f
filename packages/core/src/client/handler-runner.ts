import type { Clock } from '../runtime/clock.js';
import { failedItem } from '../delivery/batch-item-error.js';
import type { EventBus } from '../runtime/events.js';
import type { ConsumedMessage } from '../record/messages.js';
import { offset } from '../record/offset.js';
import type { AssignedPartition } from './assigned-partition.js';
import { CONSUMER_EVENTS } from './consumer-types.js';
import type { FailureHandling, Verdict } from './failure-handling.js';
import { recordsBefore, type FetchedRecords } from './fetched-records.js';
import { HandlerCalls, nextOffset } from './handler-calls.js';
import { KeyedHandling } from './keyed-handling.js';
import type { CheckedRun } from './run-options.js';
import type { TopicPartitionOffset } from './run-types.js';
import { settle, type HandledPart, type HandlerTransactions } from './settlement.js';

export interface HandlerRunnerOptions {
  readonly run: CheckedRun;
  /** Undefined: what a handler did is final when it returns. */
  readonly transactions: HandlerTransactions | undefined;
  /** What becomes of a record whose handler failed. */
  readonly failures: FailureHandling;
  readonly groupId: string | null;
  readonly clock: Clock;
  readonly events: EventBus;
  readonly partitions: () => Iterable<AssignedPartition>;
  /** While false no call begins: others may own the partitions by now. */
  readonly isAlive: () => boolean;
  readonly pause: (partition: AssignedPartition) => () => void;
  /** How many records were handled; the moment to commit may have come. */
  readonly onHandled: (records: number) => void;
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

  #handle(partition: AssignedPartition): Promise<void> {
    return (this.#options.run.keyConcurrency ?? 1) > 1
      ? this.#keyedHandling(partition).run()
      : this.#handleInOrder(partition);
  }

  async #handleInOrder(partition: AssignedPartition): Promise<void> {
    const records = this.#take(partition);
    if (records === undefined) return;
    const { events, clock, run } = this.#options;
    const part = { partition, generation: partition.generation, leaderEpoch: records.leaderEpoch };
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
      await (run.eachBatch === undefined ? this.#eachMessage(part, records) : this.#eachBatch(part, records));
      partition.failures.calls = 0;
    } catch (error) {
      await this.#failed(part, records, asError(error));
    }
    if (partition.resolvedOffset !== null && partition.resolvedOffset < records.nextOffset) {
      partition.returnRecords(records, partition.resolvedOffset, part.generation);
    }
    events.emit(CONSUMER_EVENTS.END_BATCH_PROCESS, { ...summary, duration: clock.monotonic() - startedAt });
  }

  /** Records to handle together. */
  #take(partition: AssignedPartition): FetchedRecords | undefined {
    const records = partition.takeRecords();
    if (records === undefined || partition.failures.cutAt === undefined) return records;
    const first = recordsBefore(records, partition.failures.cutAt);
    partition.failures.cutAt = undefined;
    if (first !== records) partition.returnRecords(records, first.nextOffset, partition.generation);
    return first;
  }

  async #eachMessage(part: HandledPart, { messages }: FetchedRecords): Promise<void> {
    const { partition, generation, leaderEpoch } = part;
    const { run, transactions, onHandled } = this.#options;
    const shared = this.#calls.sharedBy(partition);
    const prefix = this.#calls.keyPrefix(partition);
    for (const message of messages) {
      if (this.#isStale(part) || partition.isPaused || !this.#options.isAlive()) return;
      this.#calls.begin(partition);
      const next = nextOffset(message.offset);
      const payload = {
        ...shared,
        message,
        attempt: partition.failures.attemptOf(message),
        idempotencyKey: prefix + message.offset,
      };
      if (transactions === undefined) {
        const handled = run.eachMessage!(payload);
        if (handled !== undefined) await handled;
        partition.resolve(next, generation, leaderEpoch);
      } else {
        await transactions.run(part, async (transaction) => {
          await run.eachMessage!({ ...payload, transaction });
          return next;
        });
      }
      onHandled(1);
    }
  }

  async #eachBatch(part: HandledPart, records: FetchedRecords): Promise<void> {
    const attempt = part.partition.failures.attemptOf(records.messages[0]!);
    this.#calls.begin(part.partition);
    await settle(this.#options.transactions, part, (transaction) =>
      this.#calls.batch(part, records, attempt, transaction),
    );
    this.#options.onHandled(records.messages.length);
  }

  /** What is in hand of a partition by keys; after a seek that is nothing. */
  #keyedHandling(partition: AssignedPartition): KeyedHandling {
    const known = this.#keyed.get(partition);
    if (known?.generation === partition.generation) return known;
    const { run, clock, failures, onHandled, isAlive } = this.#options;
    const part = { partition, generation: partition.generation, leaderEpoch: -1 };
    const handling: KeyedHandling = new KeyedHandling({
      partition,
      concurrency: run.keyConcurrency!,
      clock,
      isStopped: () => this.#isStopped,
      mayStart: isAlive,
      call: (message, attempt) => this.#calls.one(partition, message, attempt),
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

  async #failed(part: HandledPart, records: FetchedRecords, thrown: Error): Promise<void> {
    if (this.#isStale(part)) return;
    const { partition, generation, leaderEpoch } = part;
    const { run, transactions, failures } = this.#options;
    const isBatch = run.eachBatch !== undefined;
    const { index, error } = failedItem(thrown, records.messages, partition.resolvedOffset, isBatch);
    const message = (records.messages[index] ?? records.messages.at(-1))!;
    const attempt = partition.failures.attemptOf(message);
    if (isBatch && transactions === undefined)
      partition.resolve(offset(BigInt(message.offset)), generation, leaderEpoch);
    else if (isBatch && index > 0) {
      // What came before it was rolled back with it.
      partition.failures.note(message, attempt);
      partition.failures.cutAt = offset(BigInt(message.offset));
      return;
    }
    const verdict = await failures.failed({
      partition,
      message,
      error: asError(error),
      attempt,
      isDone: index < 0,
      failures: partition.failures.calls,
      isStale: () => this.#isStale(part),
      settle: (work) =>
        settle(transactions, part, async (transaction) => {
          await work(transaction);
          return nextOffset(message.offset);
        }),
    });
    if (!this.#isStale(part)) this.#follow(verdict, partition, message, attempt);
  }

  #follow(verdict: Verdict, partition: AssignedPartition, message: ConsumedMessage, attempt: number): void {
    const { failures } = partition;
    if (verdict.kind !== 'retry') {
      failures.forget();
      if (verdict.kind === 'done') this.#options.onHandled(1);
      return;
    }
    failures.note(message, attempt);
    failures.calls += 1;
    failures.isResting = true;
    this.#options.clock.after(verdict.afterMs, () => {
      failures.isResting = false;
      this.pump();
    });
  }
}

/** Handlers may throw anything; what is not an Error is kept as the cause. */
function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new Error(`the handler threw something that is no Error: ${String(error)}`, { cause: error });
}
