import type { ConsumedMessage } from '../record/messages.js';
import type { RetryOptions } from '../runtime/backoff.js';
import type { InstrumentationEvent } from './producer-types.js';

export interface ConsumerOptions {
  readonly groupId: string;
  /** A member that is silent this long loses its partitions, in milliseconds [45 000]. */
  readonly sessionTimeout?: number;
  /** How often a member reports, in milliseconds [3 000]; below a third of `sessionTimeout`. */
  readonly heartbeatInterval?: number;
  /** How long a member may take to give up partitions, in milliseconds [60 000]. */
  readonly rebalanceTimeout?: number;
  /** How long one handler call may take before the member leaves the group, in milliseconds [300 000]. */
  readonly maxPollIntervalMs?: number;
  /** Most bytes of one fetch from one partition [4 194 304]; at least one batch always comes. */
  readonly maxBytesPerPartition?: number;
  /** Most bytes that are read ahead of the handler, all partitions together [33 554 432]. */
  readonly maxBytes?: number;
  /** Kept for KafkaJS's sake: a fetch waits until there are records, and is woken when they come. */
  readonly maxWaitTimeInMs?: number;
  readonly retry?: ConsumerRetryOptions;
}

export interface ConsumerRetryOptions extends RetryOptions {
  /** Whether a consumer that crashed on a retriable error starts again [always]. */
  readonly restartOnFailure?: (error: Error) => Promise<boolean>;
}

export interface ConsumerSubscribe {
  readonly topics: readonly string[];
  /** Where a group without a committed offset begins: at the log start, or (default) at what comes next. */
  readonly fromBeginning?: boolean;
}

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
  /** Kept for KafkaJS's sake: Postlog's heartbeats never depend on the handler. */
  heartbeat(): Promise<void>;
  /** Pauses this partition; the answer resumes it. */
  pause(): () => void;
}

export interface EachBatchPayload {
  readonly batch: Batch;
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

export interface ConsumerRun {
  /** Commit what is done by itself [`true`]. */
  readonly autoCommit?: boolean;
  /** Commit at least this often, in milliseconds [5 000]. */
  readonly autoCommitInterval?: number | null;
  /** Commit after this many records were done. */
  readonly autoCommitThreshold?: number | null;
  /** With `eachBatch`: mark the whole batch as done when the handler returns [`true`]. */
  readonly eachBatchAutoResolve?: boolean;
  /** How many partitions are handled at the same time [1]. */
  readonly partitionsConsumedConcurrently?: number;
  readonly eachMessage?: (payload: EachMessagePayload) => Promise<void> | void;
  readonly eachBatch?: (payload: EachBatchPayload) => Promise<void> | void;
}

export interface TopicPartitionOffset {
  readonly topic: string;
  readonly partition: number;
  /** A decimal string; for a commit, the **next** offset to read. */
  readonly offset: string;
  readonly metadata?: string | null;
}

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions?: readonly number[];
}

/** Reads topics as a member of a consumer group. One owner per partition and group; every group sees every record. */
export interface Consumer {
  /** Optional: `run` connects by itself. */
  connect(): Promise<void>;
  subscribe(subscription: ConsumerSubscribe): Promise<void>;
  run(options: ConsumerRun): Promise<void>;
  /** Moves the position of an assigned partition, from its next fetch on. */
  seek(position: { readonly topic: string; readonly partition: number; readonly offset: string }): void;
  pause(topics: readonly TopicPartitions[]): void;
  resume(topics: readonly TopicPartitions[]): void;
  paused(): { topic: string; partitions: number[] }[];
  /** Commits the given offsets of owned partitions; may go back, as in KafkaJS. */
  commitOffsets(offsets: readonly TopicPartitionOffset[]): Promise<void>;
  /** The partitions this member owns now. */
  assignment(): { topic: string; partitions: number[] }[];
  /** Finishes the handlers that run, commits, leaves the group; `run` may be called again. */
  stop(): Promise<void>;
  /** Stops, then refuses further use. */
  disconnect(): Promise<void>;
  readonly events: typeof CONSUMER_EVENTS;
  on(event: ConsumerEventName, listener: (event: InstrumentationEvent) => void): () => void;
}

/** KafkaJS's instrumentation events of a consumer. */
export const CONSUMER_EVENTS = {
  HEARTBEAT: 'consumer.heartbeat',
  COMMIT_OFFSETS: 'consumer.commit_offsets',
  GROUP_JOIN: 'consumer.group_join',
  FETCH_START: 'consumer.fetch_start',
  FETCH: 'consumer.fetch',
  START_BATCH_PROCESS: 'consumer.start_batch_process',
  END_BATCH_PROCESS: 'consumer.end_batch_process',
  CONNECT: 'consumer.connect',
  DISCONNECT: 'consumer.disconnect',
  STOP: 'consumer.stop',
  CRASH: 'consumer.crash',
  REBALANCING: 'consumer.rebalancing',
} as const;
export type ConsumerEventName = (typeof CONSUMER_EVENTS)[keyof typeof CONSUMER_EVENTS];
