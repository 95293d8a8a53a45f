import type { Assignor } from '../group/assignors.js';
import type { QueryHandle } from '../postgres/transaction-handle.js';
import type { RetryOptions } from '../runtime/backoff.js';
import type { InstrumentationEvent } from './producer-types.js';
import type { ConsumerRun, TopicPartitionOffset, TransactionalRun } from './run-types.js';

export interface ConsumerOptions {
  /** Needed to `subscribe` and to commit; a consumer that only `assign`s partitions to itself may do without. */
  readonly groupId?: string;
  /**
   * Makes this member static: a process that comes back under the same name within `sessionTimeout` gets its partitions
   * back, and nobody else's move. One process a name; the older one is fenced and stops (rule H55).
   */
  readonly groupInstanceId?: string;
  /** How the group shares its partitions out [`uniform`]; the group takes what most members ask for. */
  readonly assignor?: 'uniform' | 'range' | 'roundRobin' | CustomAssignor;
  /** Where to begin without a committed offset, or when it is out of range [`latest`]; `none` crashes the consumer. */
  readonly autoOffsetReset?: OffsetReset;
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

/** Where to begin: at the log start, at what comes next, or not at all. */
export type OffsetReset = 'earliest' | 'latest' | 'none';

/** An assignor of one's own. Every process of the group must give the same function the same name. */
export interface CustomAssignor {
  readonly name: string;
  readonly assign: Assignor;
}

export interface ConsumerSubscribe {
  /** Names, and patterns: these take in topics that are created later, but no internal ones (`__…`). */
  readonly topics: readonly (string | RegExp)[];
  /** `autoOffsetReset` for these topics: `true` is `earliest`, `false` is `latest`. */
  readonly fromBeginning?: boolean;
}

/** A partition that a consumer takes without a group, and where it begins [the group's committed offset, else `autoOffsetReset`]. */
export interface ConsumerAssign {
  readonly topic: string;
  readonly partition: number;
  /** A decimal string. */
  readonly offset?: string;
  /** The first record that is not older, in milliseconds since 1970. */
  readonly timestamp?: number;
}

/** Where to go on: at an offset (a decimal string), or at the first record that is not older than a time. */
export type ConsumerSeek =
  | { readonly topic: string; readonly partition: number; readonly offset: string }
  | { readonly topic: string; readonly partition: number; readonly timestamp: number };

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions?: readonly number[];
}

/** Reads topics as a member of a consumer group. One owner per partition and group; every group sees every record. */
export interface Consumer {
  /** Optional: `run` connects by itself. */
  connect(): Promise<void>;
  /** Adds topics to what the member subscribes to, also while it runs. */
  subscribe(subscription: ConsumerSubscribe): Promise<void>;
  /** Takes topics, or patterns, out again; what is read of them is finished and committed first. */
  unsubscribe(subscription: { readonly topics: readonly (string | RegExp)[] }): Promise<void>;
  /**
   * Takes these partitions, without a group's say, in place of those it took before. With a `groupId` it begins at that
   * group's offsets and commits to them while the group has no members.
   *
   * @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_CONFIG` beside `subscribe`.
   */
  assign(partitions: readonly ConsumerAssign[]): Promise<void>;
  /** Begins to call the handler. @throws PostlogError `INVALID_CONFIG` */
  run(options: ConsumerRun): Promise<void>;
  /** The same with a transaction for each call. @throws PostlogError `INVALID_CONFIG`, `UNREGISTERED_DATABASE` */
  run<T = QueryHandle>(options: TransactionalRun<T>): Promise<void>;
  /** Moves the position of a partition, from its next fetch on; one that is not assigned yet begins there. */
  seek(position: ConsumerSeek): void;
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
  /** Our own: what became of a record whose handler failed. */
  RETRY: 'consumer.retry',
  DEAD_LETTER: 'consumer.dead_letter',
  SKIP: 'consumer.skip',
  PAUSE_ON_FAILURE: 'consumer.pause_on_failure',
  PARK: 'consumer.park',
  UNPARK: 'consumer.unpark',
  PARKING_FULL: 'consumer.parking_full',
} as const;
export type ConsumerEventName = (typeof CONSUMER_EVENTS)[keyof typeof CONSUMER_EVENTS];
