import type { BrokerId } from '../cluster/cluster-image.js';
import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import { offset, type Offset } from '../record/offset.js';
import { joinOffset } from '../replication/in-sync-replicas.js';
import { endOfEpoch, type EpochEnd } from '../replication/leader-epochs.js';
import type {
  FollowedLog,
  FollowerAppend,
  FollowerFetch,
  FollowerFetchAnswer,
  FollowerRead,
  LedPartition,
  LocalReplica,
  ReplicaRole,
  ReplicaStore,
  ReplicatedBatch,
} from '../replication/replica-store.js';
import type { Clock } from '../runtime/clock.js';
import { MemoryReplica, type BatchToStore, type Stored } from './memory-replica.js';

export interface MemoryReplicaStoreOptions {
  readonly brokerId: BrokerId;
  readonly clock: Clock;
  readonly replicaLagTimeMaxMs: number;
}

type Epochs = Pick<ReplicaRole, 'leaderEpoch' | 'partitionEpoch'>;
type ReadAnswer =
  { readonly batches: readonly ReplicatedBatch[]; readonly highWatermark: Offset } | { readonly error: ErrorCode };

/** A broker's database in memory, for simulations: the port `ReplicaStore`, and what clients ask of a leader. */
export class MemoryReplicaStore implements ReplicaStore {
  readonly #options: MemoryReplicaStoreOptions;
  readonly #replicas = new Map<number, MemoryReplica>();
  /** On the clock's `monotonic`. */
  #leadUntil = Infinity;

  constructor(options: MemoryReplicaStoreOptions) {
    this.#options = options;
  }

  // What clients ask of a leader.

  /** Refused under another epoch, when the time to lead is over, and below the minimum for those that wait for all (rule B15). */
  async append(
    partitionId: number,
    leaderEpoch: number,
    batch: BatchToStore,
    { acks }: { readonly acks: 0 | 1 | 'all' },
  ): Promise<Stored> {
    const replica = this.#replicas.get(partitionId);
    const error = this.#refusal(replica, leaderEpoch);
    if (replica === undefined || error !== undefined) return { error: error ?? 'UNKNOWN_TOPIC_OR_PARTITION' };
    const { isr, minIsr } = replica.local;
    if (acks === 'all' && isr.length < minIsr) return { error: 'NOT_ENOUGH_REPLICAS' };
    return replica.append(batch, this.#now());
  }

  /** Whole batches below the high watermark; none between it and the log end (rules A3, A4). */
  async read(partitionId: number, leaderEpoch: number, from: Offset): Promise<ReadAnswer> {
    const replica = this.#replicas.get(partitionId);
    const error = this.#refusal(replica, leaderEpoch);
    if (replica === undefined || error !== undefined) return { error: error ?? 'UNKNOWN_TOPIC_OR_PARTITION' };
    const { logStartOffset, logEndOffset, highWatermark } = replica.local;
    if (from < logStartOffset || from > logEndOffset) return { error: 'OFFSET_OUT_OF_RANGE' };
    const isReadable = ({ lastOffset }: ReplicatedBatch) => lastOffset >= from && lastOffset < highWatermark;
    return { batches: replica.batches.filter(isReadable), highWatermark };
  }

  /** May lead for so long from now on; nothing renews it but another call. */
  leadFor(ms: number): void {
    this.leadUntil(this.#now() + ms);
  }

  /** May lead until that time on its clock's `monotonic`. */
  leadUntil(at: number): void {
    this.#leadUntil = at;
  }

  /** The server stops and comes back: what was not written to disk is lost. */
  crash(): void {
    for (const replica of this.#replicas.values()) replica.crash();
  }

  checkpoint(): void {
    for (const replica of this.#replicas.values()) replica.checkpoint();
  }

  /** For checks: the log as it is, beyond the high watermark too. */
  logOf(partitionId: number): readonly ReplicatedBatch[] {
    return this.#replicas.get(partitionId)?.batches ?? [];
  }

  /** For checks: the replica itself. */
  replicaOf(partitionId: number): MemoryReplica | undefined {
    return this.#replicas.get(partitionId);
  }

  // The port.

  async listReplicas(): Promise<readonly LocalReplica[]> {
    return [...this.#replicas.values()].map(({ local }) => local);
  }

  async listFollowed(leaderId: BrokerId, only?: readonly number[]): Promise<readonly LocalReplica[]> {
    return (await this.listReplicas()).filter(
      ({ leader, partitionId }) =>
        leader === leaderId && leader !== this.#options.brokerId && (only?.includes(partitionId) ?? true),
    );
  }

  async applyRoles(roles: readonly ReplicaRole[]): Promise<readonly number[]> {
    const { brokerId, replicaLagTimeMaxMs } = this.#options;
    const changed = roles.filter((role) => {
      const replica = this.#replicas.get(role.partitionId) ?? new MemoryReplica(brokerId, role, replicaLagTimeMaxMs);
      this.#replicas.set(role.partitionId, replica);
      return replica.apply(role, this.#now());
    });
    return changed.map(({ partitionId }) => partitionId);
  }

  async noteFetch(
    follower: { readonly brokerId: BrokerId; readonly brokerEpoch: number },
    fetches: readonly FollowerFetch[],
  ): Promise<readonly FollowerFetchAnswer[]> {
    return fetches.map((fetch) => {
      const replica = this.#replicas.get(fetch.partitionId);
      const error = this.#refusal(replica, fetch.leaderEpoch);
      if (replica !== undefined && error === undefined) return replica.noteFetch(follower, fetch, this.#now());
      const nowhere = { logStartOffset: offset(0), logEndOffset: offset(0), highWatermark: offset(0) };
      return { partitionId: fetch.partitionId, error, diverging: undefined, hasAdvanced: false, ...nowhere };
    });
  }

  async readForFollower(
    requests: readonly { readonly partitionId: number; readonly leaderEpoch: number; readonly fetchOffset: Offset }[],
    limits: { readonly partitionMaxBytes: number; readonly maxBytes: number },
  ): Promise<FollowerRead> {
    const answer = new Map<number, readonly ReplicatedBatch[]>();
    const hadNoRoom: number[] = [];
    const refused: number[] = [];
    let left = limits.maxBytes;
    for (const { partitionId, leaderEpoch, fetchOffset } of requests) {
      const replica = this.#replicas.get(partitionId);
      if (replica === undefined || this.#refusal(replica, leaderEpoch) !== undefined) {
        refused.push(partitionId);
        continue;
      }
      const { logStartOffset, logEndOffset } = replica.local;
      if (fetchOffset < logStartOffset || fetchOffset > logEndOffset) {
        refused.push(partitionId);
        continue;
      }
      let room = Math.min(limits.partitionMaxBytes, left);
      const batches: ReplicatedBatch[] = [];
      for (const batch of replica.batches.filter(({ baseOffset }) => baseOffset >= fetchOffset)) {
        room -= batch.bytes.length;
        if (room < 0 && (batches.length > 0 || answer.size > 0)) {
          if (batches.length === 0) hadNoRoom.push(partitionId);
          break;
        }
        batches.push(batch);
        left -= batch.bytes.length;
      }
      if (batches.length > 0) answer.set(partitionId, batches);
    }
    return { batches: answer, hadNoRoom, refused };
  }

  async appendAsFollower(appends: readonly FollowerAppend[]): Promise<ReadonlyMap<number, ErrorCode>> {
    const refused = new Map<number, ErrorCode>();
    for (const append of appends) {
      const replica = this.#replicas.get(append.partitionId);
      const error = replica === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : replica.appendAsFollower(append);
      if (error !== undefined) refused.set(append.partitionId, error);
    }
    return refused;
  }

  async endOfEpoch(partitionId: number, epoch: number): Promise<EpochEnd> {
    const { epochs, local } = this.#replica(partitionId);
    return endOfEpoch(epochs, local.logEndOffset, epoch);
  }

  async truncate(log: FollowedLog, to: Offset): Promise<Offset> {
    return this.#cut(log, to, false);
  }

  async restartAt(log: FollowedLog, at: Offset): Promise<void> {
    this.#cut(log, at, true);
  }

  async listLed(): Promise<readonly LedPartition[]> {
    return [...this.#replicas.values()].flatMap((replica) => {
      replica.advance(this.#now());
      return replica.isLeader && replica.local.replicas.length > 1 ? [this.#led(replica)] : [];
    });
  }

  async proposeIsr(partitionId: number, expected: Epochs, isr: readonly BrokerId[]): Promise<Offset | undefined> {
    const replica = this.#replicas.get(partitionId);
    if (replica === undefined || !isSame(replica, expected) || replica.local.pendingIsr !== null) return undefined;
    const joins = isr.some((broker) => !replica.local.isr.includes(broker));
    const wanted = joins ? joinOffset(this.#led(replica)) : offset(0);
    if (wanted !== undefined) replica.pendingIsr = isr;
    return wanted;
  }

  async withdrawIsr(partitionId: number, expected: Epochs, isr: readonly BrokerId[]): Promise<boolean> {
    const replica = this.#replicas.get(partitionId);
    if (replica === undefined || !isSame(replica, expected)) return false;
    if (replica.local.pendingIsr?.join() !== isr.join()) return false;
    replica.pendingIsr = null;
    return true;
  }

  #led(replica: MemoryReplica): LedPartition {
    return { ...replica.local, epochStartOffset: replica.epochStartOffset, followers: replica.followers(this.#now()) };
  }

  #cut(log: FollowedLog, to: Offset, beginsAnew: boolean): Offset {
    const end = this.#replica(log.partitionId).truncate(log, to, beginsAnew);
    if (typeof end === 'string')
      throw new PostlogError(end, `partition ${log.partitionId} has another leader epoch, or another log, by now.`);
    return end;
  }

  #replica(partitionId: number): MemoryReplica {
    const replica = this.#replicas.get(partitionId);
    if (replica !== undefined) return replica;
    throw new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `partition ${partitionId} is not on this broker.`);
  }

  #refusal(replica: MemoryReplica | undefined, leaderEpoch: number): ErrorCode | undefined {
    if (replica === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
    return replica.isLeader && this.#leadUntil <= this.#now() ? 'NOT_LEADER_OR_FOLLOWER' : replica.refusal(leaderEpoch);
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}

function isSame({ isLeader, local }: MemoryReplica, { leaderEpoch, partitionEpoch }: Epochs): boolean {
  return isLeader && local.leaderEpoch === leaderEpoch && local.partitionEpoch === partitionEpoch;
}
