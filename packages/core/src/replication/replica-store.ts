/**
 * What one broker's database does for the replicas it holds, as a port: `postgres-replica-store.ts` is the real one,
 * `testing/` has one in memory for the simulation, built of the pure functions of this room.
 *
 * Each method is one statement; whatever it changes, it compares the leader epoch in the replica's own row first.
 */
import type { ErrorCode } from '../errors/error-code.js';
import type { BrokerId } from '../cluster/cluster-image.js';
import type { StoredBatch } from '../log/log.store.js';
import type { Offset } from '../record/offset.js';

/** What the controller made of a replica. */
export interface ReplicaRole {
  readonly topicId: string;
  readonly partition: number;
  readonly partitionId: number;
  readonly leader: BrokerId | null;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  readonly minIsr: number;
}

/** A replica as its own database knows it. */
export interface LocalReplica extends ReplicaRole {
  /** Members that an ISR change under way would add or leave out: isr and pendingIsr together are the maximal ISR (rule B12). */
  readonly pendingIsr: readonly BrokerId[] | null;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
  /** Leader epoch of the last record; -1 when the log is empty. */
  readonly lastEpoch: number;
}

/** A follower's log as it was when its leader was asked about it: by these epochs and this end it is told from every other. */
export type FollowedLog = Pick<LocalReplica, 'partitionId' | 'leaderEpoch' | 'logEndOffset' | 'lastEpoch'>;

export interface FollowerFetch {
  readonly partitionId: number;
  /** The epoch under which the follower follows. */
  readonly leaderEpoch: number;
  /** Its log end: it holds everything before it, committed (rule B6). */
  readonly fetchOffset: Offset;
  /** Epoch of its last record; -1 when it has none. */
  readonly lastEpoch: number;
}

/** One line of `epoch → first offset` (rule C18). */
export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: Offset;
}

export interface FollowerFetchAnswer {
  readonly partitionId: number;
  readonly error: ErrorCode | undefined;
  /** The logs part here: truncate, and ask again (rule C22). Such a fetch is no acknowledgement. */
  readonly diverging: { readonly epoch: number; readonly endOffset: Offset } | undefined;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
  /** This fetch moved the high watermark: whoever waits for it should be woken. */
  readonly hasAdvanced: boolean;
}

/** A batch with all that its row says of it, for an equal row elsewhere. */
export type ReplicatedBatch = StoredBatch;

/** What a leader gave. */
export interface FollowerRead {
  readonly batches: ReadonlyMap<number, readonly ReplicatedBatch[]>;
  /** There is something to read, and it found no room. */
  readonly hadNoRoom: readonly number[];
  /** Read under an epoch that is not the leader's, or from where its log does not reach. */
  readonly refused: readonly number[];
}

export interface FollowerAppend {
  readonly partitionId: number;
  readonly leaderEpoch: number;
  readonly batches: readonly ReplicatedBatch[];
  readonly leaderHighWatermark: Offset;
  readonly leaderLogStartOffset: Offset;
}

/** How far a follower is, as the leader's database noted it (rule B8). */
export interface FollowerState {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: number;
  readonly logEndOffset: Offset;
  /** How long ago it was last caught up; Infinity: never under this leader epoch. */
  readonly caughtUpAgoMs: number;
}

/** What the leader's ISR maintenance looks at. */
export interface LedPartition extends LocalReplica {
  /** First offset of the present leader epoch. */
  readonly epochStartOffset: Offset;
  readonly followers: readonly FollowerState[];
}

export interface ReplicaStore {
  /** Every replica of this broker. */
  listReplicas(): Promise<readonly LocalReplica[]>;
  /** Those that follow this leader, at a known epoch; of some partitions only, when they are named. */
  listFollowed(leaderId: BrokerId, only?: readonly number[]): Promise<readonly LocalReplica[]>;
  /**
   * Makes replicas what the controller says, each unless a newer leader or partition epoch stands in its row. A new leader
   * first writes where its epoch begins (rule C19) and forgets what it knew of followers: members of the ISR count as caught up now.
   * Answers the partitions that changed.
   */
  applyRoles(roles: readonly ReplicaRole[]): Promise<readonly number[]>;
  /**
   * Notes the follower's progress, moves high watermarks, and says where the leader's logs end. `isWhole`: these are all that it follows here, so of those
   * where nothing changed it is known from now that it is caught up [true].
   */
  noteFetch(
    follower: { readonly brokerId: BrokerId; readonly brokerEpoch: number },
    fetches: readonly FollowerFetch[],
    options?: { readonly isWhole: boolean },
  ): Promise<readonly FollowerFetchAnswer[]>;
  /** Batches from an offset on, whole, at least one if there is any, bounded by bytes: under one snapshot. And what was refused, by partition. */
  readForFollower(
    requests: readonly { readonly partitionId: number; readonly leaderEpoch: number; readonly fetchOffset: Offset }[],
    limits: { readonly partitionMaxBytes: number; readonly maxBytes: number },
  ): Promise<FollowerRead>;
  /** Appends at the follower's own log end (rule B7); answers refusals by partition. */
  appendAsFollower(appends: readonly FollowerAppend[]): Promise<ReadonlyMap<number, ErrorCode>>;
  /** Where an epoch ends in this log, by rule C21: the largest known epoch at or below, and its end. */
  endOfEpoch(partitionId: number, epoch: number): Promise<{ readonly epoch: number; readonly endOffset: Offset }>;
  /**
   * Drops everything from an offset on; answers the log end that is left. Below the high watermark only what an unclean election gave up is dropped.
   *
   * @throws PostlogError `OFFSET_OUT_OF_RANGE` when the log is another one by now: what its leader said of that one says nothing of this.
   */
  truncate(log: FollowedLog, to: Offset): Promise<Offset>;
  /** Drops everything and begins anew at the leader's log start (rule C23). @throws PostlogError as `truncate`. */
  restartAt(log: FollowedLog, offset: Offset): Promise<void>;
  /** Replicated partitions that this broker leads. */
  listLed(): Promise<readonly LedPartition[]>;
  /**
   * Notes an ISR that is about to be proposed: it counts from now on (rule B12). Answers the offset that joining followers must have reached before the
   * proposal is sent (0 when nobody joins), or undefined when the partition changed meanwhile, a proposal is under way, or an ISR member was
   * not heard of since this leader began or its server restarted.
   *
   * The offset is at or above every high watermark that anybody was shown and above the start of the epoch (rule B10). Only once the proposal is noted
   * is it certain that no later mark leaves the joining follower out, so the comparison comes after it, not before.
   */
  proposeIsr(
    partitionId: number,
    expected: { readonly leaderEpoch: number; readonly partitionEpoch: number },
    isr: readonly BrokerId[],
  ): Promise<Offset | undefined>;
  /** Takes back a proposal that was never sent; false when it was settled otherwise. */
  withdrawIsr(
    partitionId: number,
    expected: { readonly leaderEpoch: number; readonly partitionEpoch: number },
    isr: readonly BrokerId[],
  ): Promise<boolean>;
}
