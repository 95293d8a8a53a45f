import type { ErrorCode } from '../errors/error-code.js';
import { checkSequence } from '../log/producer-state.js';
import { offset, type Offset } from '../record/offset.js';
import type { BrokerId } from '../cluster/cluster-image.js';
import {
  progressAfterFetch,
  progressAfterLeaving,
  progressAtElection,
  type FollowerProgress,
} from '../replication/follower-progress.js';
import { nextHighWatermark } from '../replication/high-watermark.js';
import { appendEpoch, divergence, lastEpochOf, startOfEpoch, truncateEpochs } from '../replication/leader-epochs.js';
import type {
  EpochStart,
  FollowedLog,
  FollowerAppend,
  FollowerFetch,
  FollowerFetchAnswer,
  FollowerState,
  LocalReplica,
  ReplicaRole,
  ReplicatedBatch,
} from '../replication/replica-store.js';

export interface BatchToStore {
  readonly recordCount: number;
  readonly bytes: Buffer;
  /** -1: not idempotent. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

export type Stored = { readonly baseOffset: Offset; readonly lastOffset: Offset } | { readonly error: ErrorCode };

/**
 * One replica in memory, for simulations: what a crash keeps (log, epochs, role, a proposed ISR, the mark as it was
 * checkpointed) apart from what it does not (followers' progress, the mark since). Its decisions are the pure
 * functions of `log/` and `replication/`.
 */
export class MemoryReplica {
  readonly #me: BrokerId;
  readonly #lagMs: number;
  #role: ReplicaRole;
  #pendingIsr: readonly BrokerId[] | null = null;
  #batches: readonly ReplicatedBatch[] = [];
  #epochs: readonly EpochStart[] = [];
  #logStart = offset(0);
  #logEnd = offset(0);
  #checkpoint = offset(0);
  #mark = offset(0);
  #progress = new Map<BrokerId, FollowerProgress>();

  constructor(me: BrokerId, role: ReplicaRole, replicaLagTimeMaxMs: number) {
    this.#me = me;
    this.#lagMs = replicaLagTimeMaxMs;
    this.#role = { ...role, leader: null, leaderEpoch: -1, partitionEpoch: -1, isr: [] };
  }

  get local(): LocalReplica {
    const { topicId, partition, partitionId, leader, leaderEpoch, partitionEpoch, replicas, isr, minIsr } = this.#role;
    return {
      topicId,
      partition,
      partitionId,
      leader,
      leaderEpoch,
      partitionEpoch,
      replicas,
      isr,
      minIsr,
      pendingIsr: this.#pendingIsr,
      logStartOffset: this.#logStart,
      logEndOffset: this.#logEnd,
      highWatermark: this.#mark,
      lastEpoch: lastEpochOf(this.#epochs, this.#logEnd),
    };
  }

  get leaderEpoch(): number {
    return this.#role.leaderEpoch;
  }

  get highWatermark(): Offset {
    return this.#mark;
  }

  get logEndOffset(): Offset {
    return this.#logEnd;
  }

  get epochs(): readonly EpochStart[] {
    return this.#epochs;
  }

  get batches(): readonly ReplicatedBatch[] {
    return this.#batches;
  }

  get isLeader(): boolean {
    return this.#role.leader === this.#me;
  }

  get epochStartOffset(): Offset {
    return startOfEpoch(this.#epochs, this.#role.leaderEpoch);
  }

  /** Takes a role that is not older than the one it has; false otherwise. */
  apply(role: ReplicaRole, now: number): boolean {
    const before = this.#role;
    if (role.leaderEpoch < before.leaderEpoch) return false;
    if (role.leaderEpoch === before.leaderEpoch && role.partitionEpoch <= before.partitionEpoch) return false;
    this.#role = role;
    this.#pendingIsr = null;
    if (!this.isLeader) return true;
    if (role.leaderEpoch > before.leaderEpoch) {
      this.#epochs = appendEpoch(this.#epochs, role.leaderEpoch, this.#logEnd);
      const others = role.replicas.filter((broker) => broker !== this.#me);
      this.#progress = new Map(others.map((broker) => [broker, progressAtElection(role.isr.includes(broker), now)]));
    } else {
      for (const broker of before.isr.filter((member) => !role.isr.includes(member))) {
        const progress = this.#progress.get(broker);
        if (progress !== undefined) this.#progress.set(broker, progressAfterLeaving(progress));
      }
    }
    this.advance(now);
    return true;
  }

  /** Why a request under this epoch is refused (rule C20); -1: it knows none. */
  refusal(leaderEpoch: number): ErrorCode | undefined {
    if (!this.isLeader) return 'NOT_LEADER_OR_FOLLOWER';
    return leaderEpoch < 0 ? undefined : this.#epochRefusal(leaderEpoch);
  }

  append(batch: BatchToStore, now: number): Stored {
    const last = this.#batches
      .filter(({ producerId }) => producerId === batch.producerId && batch.producerId >= 0n)
      .slice(-5)
      .reverse()
      .map((each) => ({ ...each, recordCount: Number(each.lastOffset - each.baseOffset) + 1 }));
    const check = checkSequence(batch, last);
    const until = (baseOffset: bigint) => ({
      baseOffset: offset(baseOffset),
      lastOffset: offset(baseOffset + BigInt(batch.recordCount) - 1n),
    });
    if (check.kind === 'refuse') return { error: check.error };
    if (check.kind === 'repeat') return until(check.baseOffset);
    const where = until(this.#logEnd);
    const { producerId, producerEpoch, bytes } = batch;
    const { leaderEpoch } = this.#role;
    const { baseSequence } = check;
    this.#store([
      { ...where, leaderEpoch, maxTimestamp: BigInt(Math.floor(now)), producerId, producerEpoch, baseSequence, bytes },
    ]);
    this.advance(now);
    return where;
  }

  noteFetch(
    follower: { readonly brokerId: BrokerId; readonly brokerEpoch: number },
    fetch: FollowerFetch,
    now: number,
  ): FollowerFetchAnswer {
    const before = this.#mark;
    const isKnown = this.#role.replicas.includes(follower.brokerId);
    let error = this.refusal(fetch.leaderEpoch) ?? (isKnown ? undefined : 'UNKNOWN_TOPIC_OR_PARTITION');
    const log = { epochs: this.#epochs, logEndOffset: this.#logEnd };
    const diverging = error === undefined ? divergence(log, fetch.fetchOffset, fetch.lastEpoch) : undefined;
    if (error === undefined && diverging === undefined && fetch.fetchOffset < this.#logStart)
      error = 'OFFSET_OUT_OF_RANGE';
    if (error === undefined && diverging === undefined) {
      const noted = { ...follower, fetchOffset: fetch.fetchOffset, leaderEnd: this.#logEnd, now };
      this.#progress.set(follower.brokerId, progressAfterFetch(this.#progress.get(follower.brokerId), noted));
      this.advance(now);
    }
    return {
      partitionId: fetch.partitionId,
      error,
      diverging,
      logStartOffset: this.#logStart,
      logEndOffset: this.#logEnd,
      highWatermark: this.#mark,
      hasAdvanced: this.#mark > before,
    };
  }

  appendAsFollower(append: FollowerAppend): ErrorCode | undefined {
    if (this.isLeader) return 'NOT_LEADER_OR_FOLLOWER';
    const refused = this.#epochRefusal(append.leaderEpoch);
    if (refused !== undefined) return refused;
    let end = this.#logEnd;
    for (const { baseOffset, lastOffset } of append.batches) {
      if (baseOffset !== end) return 'OFFSET_OUT_OF_RANGE';
      end = offset(lastOffset + 1n);
    }
    this.#store(append.batches);
    const mark = append.leaderHighWatermark < this.#logEnd ? append.leaderHighWatermark : this.#logEnd;
    if (mark > this.#mark) this.#mark = mark;
    const start = append.leaderLogStartOffset;
    if (start > this.#logStart && start <= this.#logEnd) this.#dropBefore(start);
    return undefined;
  }

  /** Keeps whole batches before `to` only, or nothing when the log begins anew there; the log end that is left. */
  truncate({ leaderEpoch, logEndOffset, lastEpoch }: FollowedLog, to: Offset, beginsAnew: boolean): Offset | ErrorCode {
    const refused = this.isLeader ? 'NOT_LEADER_OR_FOLLOWER' : this.#epochRefusal(leaderEpoch);
    if (refused !== undefined) return refused;
    if (logEndOffset !== this.#logEnd || lastEpoch !== this.local.lastEpoch) return 'OFFSET_OUT_OF_RANGE';
    this.#batches = this.#batches.filter(({ lastOffset }) => !beginsAnew && lastOffset < to);
    const last = this.#batches.at(-1);
    this.#logEnd = beginsAnew ? to : last === undefined ? min(this.#logStart, to) : offset(last.lastOffset + 1n);
    this.#logStart = beginsAnew ? to : min(this.#logStart, this.#logEnd);
    this.#epochs = beginsAnew ? [] : truncateEpochs(this.#epochs, this.#logEnd);
    this.#mark = min(this.#mark, this.#logEnd);
    this.#checkpoint = beginsAnew ? to : min(this.#checkpoint, this.#logEnd);
    return this.#logEnd;
  }

  followers(now: number): readonly FollowerState[] {
    for (const member of this.#role.isr) {
      // After a crash nothing is known of followers: members count as caught up now, as when a leader begins.
      if (member !== this.#me && !this.#progress.has(member)) this.#progress.set(member, progressAtElection(true, now));
    }
    return [...this.#progress].map(([brokerId, { brokerEpoch, logEndOffset, caughtUpAt }]) => ({
      brokerId,
      brokerEpoch,
      logEndOffset: logEndOffset ?? offset(-1),
      caughtUpAgoMs: caughtUpAt === null ? Infinity : now - caughtUpAt,
    }));
  }

  set pendingIsr(isr: readonly BrokerId[] | null) {
    this.#pendingIsr = isr;
  }

  advance(now: number): void {
    if (!this.isLeader) return;
    this.#mark = nextHighWatermark({
      ...this.#role,
      current: this.#mark,
      logEndOffset: this.#logEnd,
      leader: this.#me,
      pendingIsr: this.#pendingIsr,
      followers: this.followers(now),
      replicaLagTimeMaxMs: this.#lagMs,
    });
  }

  checkpoint(): void {
    this.#checkpoint = this.#mark;
  }

  crash(): void {
    this.#progress = new Map();
    this.#mark = this.#checkpoint;
  }

  #epochRefusal(leaderEpoch: number): ErrorCode | undefined {
    if (leaderEpoch === this.#role.leaderEpoch) return undefined;
    return leaderEpoch < this.#role.leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH';
  }

  #store(batches: readonly ReplicatedBatch[]): void {
    this.#batches = [...this.#batches, ...batches];
    for (const { leaderEpoch, baseOffset } of batches)
      this.#epochs = appendEpoch(this.#epochs, leaderEpoch, baseOffset);
    const last = batches.at(-1);
    if (last !== undefined) this.#logEnd = offset(last.lastOffset + 1n);
  }

  #dropBefore(start: Offset): void {
    this.#batches = this.#batches.filter(({ lastOffset }) => lastOffset >= start);
    this.#logStart = start;
  }
}

function min(one: Offset, other: Offset): Offset {
  return one < other ? one : other;
}
