import { failedItem } from '../delivery/batch-item-error.js';
import type { ConsumedMessage } from '../record/messages.js';
import { offset, type Offset } from '../record/offset.js';
import type { Clock } from '../runtime/clock.js';
import type { EventBus } from '../runtime/events.js';
import type { AssignedPartition } from './assigned-partition.js';
import { CONSUMER_EVENTS } from './consumer-types.js';
import { asError, type FailureHandling, type Verdict } from './failure-handling.js';
import { recordsBefore, type FetchedRecords } from './fetched-records.js';
import { nextOffset, type HandlerCalls } from './handler-calls.js';
import type { Parking } from './parking.js';
import type { CheckedRun } from './run-options.js';
import { settle, type HandledPart, type HandlerTransactions } from './settlement.js';

export interface OrderedHandlingOptions {
  readonly run: CheckedRun;
  /** Undefined: what a handler did is final when it returns. */
  readonly transactions: HandlerTransactions | undefined;
  /** What becomes of a record whose handler failed. */
  readonly failures: FailureHandling;
  /** Where records wait for another attempt; undefined where none do. */
  readonly parking: Parking | undefined;
  readonly clock: Clock;
  readonly events: EventBus;
  /** While false no call begins: others may own the partitions by now. */
  readonly isAlive: () => boolean;
  /** How many records were handled; the moment to commit may have come. */
  readonly onHandled: (records: number) => void;
  readonly calls: HandlerCalls;
  readonly isStale: (part: HandledPart) => boolean;
  /** A partition that rested may be handled again. */
  readonly onReady: () => void;
}

/** Handles one partition's records in order, one call at a time: a record that failed is the next one, unless it was put elsewhere. */
export class OrderedHandling {
  readonly #options: OrderedHandlingOptions;

  constructor(options: OrderedHandlingOptions) {
    this.#options = options;
  }

  async run(partition: AssignedPartition): Promise<void> {
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
    const end = partition.failures.cutAt ?? this.#heldFrom(partition, records);
    if (records === undefined || end === undefined) return records;
    const first = recordsBefore(records, end);
    partition.failures.cutAt = undefined;
    if (first !== records) partition.returnRecords(records, first.nextOffset, partition.generation);
    return first;
  }

  /** With a batch handler: the first record that must wait for a parked one. */
  #heldFrom(partition: AssignedPartition, records: FetchedRecords | undefined): Offset | undefined {
    const { parking, run } = this.#options;
    if (parking === undefined || run.eachBatch === undefined) return undefined;
    const held = records?.messages.find((message) => parking.holds(partition, message));
    return held === undefined ? undefined : offset(BigInt(held.offset));
  }

  /** Whether the record must wait for a parked one of its key, and does so now. @throws ParkingFull */
  async #hasParked(part: HandledPart, message: ConsumedMessage): Promise<boolean> {
    const { parking, onHandled } = this.#options;
    const { partition, generation, leaderEpoch } = part;
    if (parking?.holds(partition, message) !== true) return false;
    await parking.park(partition, message);
    partition.resolve(nextOffset(message.offset), generation, leaderEpoch);
    onHandled(1);
    return true;
  }

  async #eachMessage(part: HandledPart, { messages }: FetchedRecords): Promise<void> {
    const { partition, generation, leaderEpoch } = part;
    const { run, transactions, parking, onHandled } = this.#options;
    const shared = this.#options.calls.sharedBy(partition);
    const prefix = this.#options.calls.keyPrefix(partition);
    for (const message of messages) {
      if (this.#options.isStale(part) || partition.isPaused || !this.#options.isAlive()) return;
      if (parking !== undefined && (await this.#hasParked(part, message))) continue;
      this.#options.calls.begin(partition);
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
    if (await this.#hasParked(part, records.messages[0]!)) return;
    this.#options.calls.begin(part.partition);
    await settle(this.#options.transactions, part, (transaction) =>
      this.#options.calls.batch(part, records, attempt, transaction),
    );
    this.#options.onHandled(records.messages.length);
  }

  async #failed(part: HandledPart, records: FetchedRecords, thrown: Error): Promise<void> {
    if (this.#options.isStale(part)) return;
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
      isStale: () => this.#options.isStale(part),
      settle: (work) =>
        settle(transactions, part, async (transaction) => {
          await work(transaction);
          return nextOffset(message.offset);
        }),
    });
    if (!this.#options.isStale(part)) this.#follow(verdict, partition, message, attempt);
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
      this.#options.onReady();
    });
  }
}
