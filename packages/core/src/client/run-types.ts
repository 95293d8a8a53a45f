import type { QueryHandle } from '../postgres/transaction-handle.js';
import type { ConsumedMessage } from '../record/messages.js';
import type { FailureOptions } from './failure-options.js';

export interface Batch {
  readonly topic: string;
  readonly partition: number;
  /** A decimal string. */
  readonly highWatermark: string;
  readonly messages: ConsumedMessage[];
  isEmpty(): boolean;
  firstOffset(): string | null;
  lastOffset(): string;
  /** How many records behind the high watermark the batch's last record is. */
  offsetLag(): string;
  /** The same for its first record. */
  offsetLagLow(): string;
}

export interface EachMessagePayload {
  readonly topic: string;
  readonly partition: number;
  readonly message: ConsumedMessage;
  /** The number of this call for the record since its partition came to this consumer, from 1. */
  readonly attempt: number;
  /** `group:topic:partition:offset`: the same for each attempt, whoever makes it. For effects outside of the database, such as a mail. */
  readonly idempotencyKey: string;
  /** Kept for KafkaJS's sake: Postlog's heartbeats never depend on the handler. */
  heartbeat(): Promise<void>;
  /** Pauses this partition; the answer resumes it. */
  pause(): () => void;
}

export interface EachBatchPayload {
  readonly batch: Batch;
  /** The number of this call for the batch's first record, from 1. */
  readonly attempt: number;
  /** Marks everything up to this offset as done. */
  resolveOffset(offset: string): void;
  heartbeat(): Promise<void>;
  pause(): () => void;
  commitOffsetsIfNecessary(): Promise<void>;
  uncommittedOffsets(): TopicPartitionOffset[];
  isRunning(): boolean;
  /** True once the partition was given up or moved by `seek`: stop handling. */
  isStale(): boolean;
}

/** How a consumer runs, whatever its handler. */
export interface RunOptions extends FailureOptions {
  /** With `eachBatch`: mark the whole batch as done when the handler returns [`true`]. */
  readonly eachBatchAutoResolve?: boolean;
  /**
   * With `eachBatch`: a call waits until a partition has so many records [1], at most `eachBatchWaitMs` from the first of them on [0]. It
   * may get more; records that follow a change of leaders come with the next call.
   */
  readonly eachBatchMinRecords?: number;
  readonly eachBatchWaitMs?: number;
  /** How many partitions are handled at the same time [1]. */
  readonly partitionsConsumedConcurrently?: number;
  /** Commit at least this often, in milliseconds [5 000]. */
  readonly autoCommitInterval?: number | null;
}

export interface ConsumerRun extends RunOptions {
  readonly transactional?: false;
  /** Commit what is done by itself [`true`]. */
  readonly autoCommit?: boolean;
  /** Commit after this many records were done. */
  readonly autoCommitThreshold?: number | null;
  /**
   * With `eachMessage`: how many records of one partition are handled at the same time [1]. Records of one key stay in
   * order, records without a key have none. Only what comes before the lowest unfinished record is committed.
   */
  readonly keyConcurrency?: number;
  readonly eachMessage?: (payload: EachMessagePayload) => Promise<void> | void;
  readonly eachBatch?: (payload: EachBatchPayload) => Promise<void> | void;
}

/**
 * Each call of the handler has a transaction: what it writes there, what it sends with `send({ transaction })` and how far the group is become
 * final with one commit, or not at all. Effects elsewhere, such as a mail, may happen again.
 *
 * `T` is what `runInTransaction` hands over.
 */
export interface TransactionalRun<T = QueryHandle> extends RunOptions {
  readonly transactional: true;
  /** Which of `connect({ applications })` the transactions are of, by name [the only one; with one broker its own database]. */
  readonly application?: string;
  /**
   * Begins a transaction, calls `work` in it, commits when that resolves and rolls back when it rejects, as
   * `(work) => dataSource.transaction(work)` does [a transaction of a connection that the consumer opens].
   */
  readonly runInTransaction?: (work: (transaction: T) => Promise<void>) => Promise<unknown>;
  readonly eachMessage?: (payload: EachMessagePayload & { readonly transaction: T }) => Promise<void> | void;
  /** What `resolveOffset` named last is done with the commit; a call that leaves nothing resolved is rolled back. */
  readonly eachBatch?: (payload: EachBatchPayload & { readonly transaction: T }) => Promise<void> | void;
}

export interface TopicPartitionOffset {
  readonly topic: string;
  readonly partition: number;
  /** A decimal string; for a commit, the **next** offset to read. */
  readonly offset: string;
  readonly metadata?: string | null;
}
