/**
 * Copies everything that one broker follows on another: acknowledges, truncates where logs part, copies batches, learns the high watermark.
 *
 * What it tells the leader is always what its own database has just answered, as it stands or as it was appended to, never what this process
 * remembers from longer ago: another process may have cut the log meanwhile. What it remembers only says where to read on, under the
 * leader epoch under which the leader found that both logs are one; the append compares both in the database. And what the leader says is done
 * only to the log that it was asked about: another process may have cut it, and copied and acknowledged more, meanwhile.
 */
import type { ErrorCode } from '../errors/error-code.js';
import type { BrokerId } from '../cluster/cluster-image.js';
import type { StoredBatch } from '../log/log.store.js';
import { verifyBatch } from '../record/record-batch.js';
import { offset, type Offset } from '../record/offset.js';
import type { Clock } from '../runtime/clock.js';
import type { FollowedLog, FollowerAppend, FollowerFetchAnswer, LocalReplica, ReplicaStore } from './replica-store.js';

export interface ReplicaFetcherOptions {
  readonly brokerId: BrokerId;
  readonly leaderId: BrokerId;
  readonly own: ReplicaStore;
  readonly leader: ReplicaStore;
  readonly clock: Clock;
  /** What the leader says does not fit what this broker believes: look at the metadata. */
  readonly onStale: (partitionId: number, error: ErrorCode) => void;
  /** Records were dropped; `from` is the new log end. */
  readonly onTruncated: (replica: LocalReplica, from: Offset) => void;
}

const LIMITS = { partitionMaxBytes: 1_048_576, maxBytes: 8_388_608 };
/** All that is followed is looked at so often; in between only where something happened. Wake-ups only shorten the rest. */
const LOOK_EVERY_MS = 500;
/** A partition whose log, under this leader epoch, is known to be the beginning of the leader's. */
interface Followed extends FollowedLog {
  /** As it was heard last, as are the leader's numbers. */
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  readonly leader: FollowerFetchAnswer;
}

export class ReplicaFetcher {
  readonly #options: ReplicaFetcherOptions;
  #lookedAt = -Infinity;
  /** Where something happened since they were looked at. */
  #woken = new Set<number>();
  readonly #followed = new Map<number, Followed>();

  constructor(options: ReplicaFetcherOptions) {
    this.#options = options;
  }

  /** The leader has something new in these partitions. */
  wake(partitionIds: Iterable<number>): void {
    for (const partitionId of partitionIds) this.#woken.add(partitionId);
  }

  /**
   * One turn, under the epoch of this broker's registration: through all that is followed when that is due, else through what was woken. Its cost is
   * that of the partitions where something happened, however many rest. Answers for how long there is nothing to do, in milliseconds.
   */
  async step(brokerEpoch: number): Promise<number> {
    const { clock } = this.#options;
    const startedAt = clock.monotonic();
    const isWhole = startedAt - this.#lookedAt >= LOOK_EVERY_MS;
    const woken = [...this.#woken];
    this.#woken.clear();
    if (isWhole || woken.length > 0) {
      const lookedAt = isWhole ? startedAt : this.#lookedAt;
      this.#lookedAt = -Infinity; // An error makes the next turn a whole one.
      const unknown = woken.filter((partitionId) => !this.#followed.has(partitionId));
      if (isWhole || unknown.length > 0) await this.#look(brokerEpoch, isWhole ? undefined : unknown);
      await this.#copy(brokerEpoch, new Set(woken), isWhole);
      this.#lookedAt = lookedAt;
    }
    return this.#woken.size > 0 ? 0 : Math.ceil(this.#lookedAt + LOOK_EVERY_MS - clock.monotonic());
  }

  /** Compares logs with the leader's and cuts what parts; `only`: of these partitions. */
  async #look(brokerEpoch: number, only: readonly number[] | undefined): Promise<void> {
    const { own, leaderId, onTruncated, onStale } = this.#options;
    if (only === undefined) this.#followed.clear();
    const replicas = (await own.listFollowed(leaderId, only)).filter((replica) => replica.leader === leaderId);
    const answers = await this.#note(brokerEpoch, replicas, only === undefined);
    for (const replica of replicas) {
      const { partitionId, logEndOffset } = replica;
      const answer = answers.get(partitionId);
      if (answer === undefined) continue;
      if (answer.diverging !== undefined) {
        const { endOffset } = await own.endOfEpoch(partitionId, answer.diverging.epoch);
        const to = endOffset < answer.diverging.endOffset ? endOffset : answer.diverging.endOffset;
        onTruncated(replica, await own.truncate(replica, to));
        this.wake([partitionId]);
      } else if (answer.error === 'OFFSET_OUT_OF_RANGE') {
        if (logEndOffset < answer.logStartOffset) await own.restartAt(replica, answer.logStartOffset);
        else onTruncated(replica, await own.truncate(replica, answer.logEndOffset));
        this.wake([partitionId]);
      } else if (answer.error !== undefined) {
        onStale(partitionId, answer.error);
      } else {
        this.#followed.set(partitionId, { ...replica, leader: answer });
      }
    }
  }

  /** Tells the leader how far these logs are, and hears how far its own is. */
  async #note(
    brokerEpoch: number,
    logs: readonly FollowedLog[],
    isWhole: boolean,
  ): Promise<ReadonlyMap<number, FollowerFetchAnswer>> {
    if (logs.length === 0) return new Map();
    const { leader, brokerId } = this.#options;
    const fetches = logs.map(({ partitionId, leaderEpoch, logEndOffset, lastEpoch }) => ({
      partitionId,
      leaderEpoch,
      fetchOffset: logEndOffset,
      lastEpoch,
    }));
    const answers = await leader.noteFetch({ brokerId, brokerEpoch }, fetches, { isWhole });
    return new Map(answers.map((answer) => [answer.partitionId, answer]));
  }

  /** Copies what is known to be missing or was woken, then acknowledges it. On a whole turn marks are learned that moved without records. */
  async #copy(brokerEpoch: number, woken: ReadonlySet<number>, isWhole: boolean): Promise<void> {
    const { own, onStale } = this.#options;
    const followed = isWhole ? [...this.#followed.values()] : this.#known(woken);
    const isBehind = (log: Followed) => log.leader.logEndOffset > log.logEndOffset;
    const batches = await this.#read(followed.filter((log) => woken.has(log.partitionId) || isBehind(log)));
    const appends = followed.flatMap((log): FollowerAppend[] => {
      const { partitionId, leaderEpoch, leader } = log;
      const news = batches.get(partitionId) ?? [];
      const hasNewMark = leader.highWatermark > log.highWatermark || leader.logStartOffset > log.logStartOffset;
      if (news.length === 0 && !(isWhole && hasNewMark)) return [];
      const marks = { leaderHighWatermark: leader.highWatermark, leaderLogStartOffset: leader.logStartOffset };
      return [{ partitionId, leaderEpoch, batches: news, ...marks }];
    });
    if (appends.length === 0) return;
    const refused = await own.appendAsFollower(appends);
    for (const [partitionId, error] of refused) {
      this.#followed.delete(partitionId);
      onStale(partitionId, error);
    }
    const grown = appends
      .filter(({ partitionId, batches: news }) => news.length > 0 && !refused.has(partitionId))
      .map(({ partitionId, batches: news }): Followed => {
        const last = news.at(-1)!;
        const logEndOffset = offset(last.lastOffset + 1n);
        return { ...this.#followed.get(partitionId)!, logEndOffset, lastEpoch: last.leaderEpoch };
      });
    const answers = await this.#note(brokerEpoch, grown, false);
    for (const log of grown) this.#learn(log, answers.get(log.partitionId));
  }

  /** What the leader said to an acknowledgement; where it is no plain one, the next turn looks closely. */
  #learn(log: Followed, answer: FollowerFetchAnswer | undefined): void {
    const { partitionId, logEndOffset } = log;
    const isOne = answer !== undefined && answer.error === undefined && answer.diverging === undefined;
    if (isOne) this.#followed.set(partitionId, { ...log, leader: answer });
    else this.#followed.delete(partitionId);
    if (!isOne || answer.logEndOffset > logEndOffset) this.wake([partitionId]);
  }

  async #read(logs: readonly Followed[]): Promise<ReadonlyMap<number, readonly StoredBatch[]>> {
    if (logs.length === 0) return new Map();
    const requests = logs.map(({ partitionId, leaderEpoch, logEndOffset }) => ({
      partitionId,
      leaderEpoch,
      fetchOffset: logEndOffset,
    }));
    const { batches, hadNoRoom, refused } = await this.#options.leader.readForFollower(requests, LIMITS);
    this.wake(hadNoRoom);
    for (const partitionId of refused) this.#followed.delete(partitionId);
    this.wake(refused); // The next turn looks closely.
    for (const each of batches.values()) for (const { bytes } of each) verifyBatch(bytes);
    return batches;
  }

  #known(partitionIds: Iterable<number>): Followed[] {
    return [...partitionIds].flatMap((partitionId) => this.#followed.get(partitionId) ?? []);
  }
}
