import { failedItem } from '../delivery/batch-item-error.js';
import { idempotencyPrefix } from '../delivery/idempotency-key.js';
import type { TransactionHandle } from '../postgres/transaction-handle.js';
import type { ConsumedMessage } from '../record/messages.js';
import { offset, type Offset } from '../record/offset.js';
import type { Clock } from '../runtime/clock.js';
import type { AssignedPartition } from './assigned-partition.js';
import { FetchedBatch } from './batch.js';
import type { FetchedRecords } from './fetched-records.js';
import type { CheckedRun } from './run-options.js';
import type { TopicPartitionOffset } from './run-types.js';
import type { HandledPart } from './settlement.js';

export interface HandlerCallsOptions {
  readonly run: CheckedRun;
  readonly groupId: string | null;
  readonly clock: Clock;
  readonly pause: (partition: AssignedPartition) => () => void;
  readonly commit: () => Promise<void>;
  readonly uncommitted: () => TopicPartitionOffset[];
  readonly isRunning: () => boolean;
  /** While false no call begins, and what runs should end: others may own the partitions by now. */
  readonly isAlive: () => boolean;
  readonly isStale: (part: HandledPart) => boolean;
}

/** Calls the user's handler, and knows since when each call runs. */
export class HandlerCalls {
  readonly #options: HandlerCallsOptions;
  /** When calls that run began, by whatever made them. */
  readonly #startedAt = new Map<object, number>();

  constructor(options: HandlerCallsOptions) {
    this.#options = options;
  }

  /** How long the oldest call has been running, in milliseconds. */
  longestCallMs(): number {
    const now = this.#options.clock.monotonic();
    return Math.max(0, ...[...this.#startedAt.values()].map((startedAt) => now - startedAt));
  }

  /** A call begins that is made by `token`. */
  begin(token: object): void {
    this.#startedAt.set(token, this.#options.clock.monotonic());
  }

  end(token: object): void {
    this.#startedAt.delete(token);
  }

  sharedBy(partition: AssignedPartition) {
    return {
      topic: partition.topic,
      partition: partition.partition,
      heartbeat: () => Promise.resolve(),
      pause: () => this.#options.pause(partition),
    };
  }

  /** What names the records of a partition for effects elsewhere, but for their offset. */
  keyPrefix({ topic, partition }: AssignedPartition): string {
    return idempotencyPrefix(this.#options.groupId, topic, partition);
  }

  /** Calls with one record, whatever kind of handler there is. */
  async one(part: HandledPart, message: ConsumedMessage, attempt: number): Promise<void> {
    const { run } = this.#options;
    const token = {};
    this.begin(token);
    try {
      if (run.eachBatch !== undefined) await this.#alone(part, message, attempt);
      else await run.eachMessage!({ ...this.sharedBy(part.partition), ...this.#about(part, message, attempt) });
    } finally {
      this.end(token);
    }
  }

  #about({ partition }: HandledPart, message: ConsumedMessage, attempt: number) {
    return { message, attempt, idempotencyKey: this.keyPrefix(partition) + message.offset };
  }

  /** A batch of one record. */
  async #alone(part: HandledPart, message: ConsumedMessage, attempt: number): Promise<void> {
    const end = nextOffset(message.offset);
    const records = { messages: [message], highWatermark: end, bytes: 0, nextOffset: end, leaderEpoch: -1 };
    try {
      if ((await this.batch(part, records, attempt, undefined)) !== undefined) return;
    } catch (error) {
      throw failedItem(error, records.messages, null).error;
    }
    throw new Error('the batch handler returned without having resolved the record');
  }

  /** Calls with a batch; answers up to where everything is done when it returns. */
  async batch(
    part: HandledPart,
    records: FetchedRecords,
    attempt: number,
    transaction: TransactionHandle | undefined,
  ): Promise<Offset | undefined> {
    const { run, commit, uncommitted, isRunning, isStale, isAlive } = this.#options;
    const { partition } = part;
    const { topic, partition: number, heartbeat, pause } = this.sharedBy(partition);
    let resolved: Offset | undefined;
    await run.eachBatch!({
      batch: new FetchedBatch({ ...records, topic, partition: number }),
      attempt,
      resolveOffset: (value: string) => {
        resolved = nextOffset(value);
        // In a transaction nothing is done before its commit.
        if (transaction === undefined) partition.resolve(resolved, part.generation, part.leaderEpoch);
      },
      heartbeat,
      pause,
      commitOffsetsIfNecessary: commit,
      uncommittedOffsets: uncommitted,
      isRunning,
      isStale: () => isStale(part) || !isAlive(),
      ...(transaction === undefined ? {} : { transaction }),
    });
    return run.eachBatchAutoResolve !== false && !isStale(part) ? records.nextOffset : resolved;
  }
}

/** A committed offset is the next one to read (rule H54). */
export function nextOffset(value: string): Offset {
  return offset(BigInt(value) + 1n);
}
