/**
 * Copies everything that one broker follows on another: acknowledges, truncates where logs part, copies batches, learns the high watermark.
 *
 * What it tells the leader is always what its own database has committed, read anew each turn, never what this process
 * remembers: another process may have cut the log meanwhile. And what the leader says is done only to the log that it was
 * asked about: another process may have cut it, and copied and acknowledged more, meanwhile.
 */
import type { ErrorCode } from '../errors/error-code.js';
import type { BrokerId } from '../cluster/cluster-image.js';
import type { StoredBatch } from '../log/log.store.js';
import { verifyBatch } from '../record/record-batch.js';
import type { Offset } from '../record/offset.js';
import type { Clock } from '../runtime/clock.js';
import type { FollowerAppend, FollowerFetchAnswer, LocalReplica, ReplicaStore } from './replica-store.js';

export interface ReplicaFetcherOptions {
  readonly brokerId: BrokerId;
  readonly leaderId: BrokerId;
  readonly own: ReplicaStore;
  readonly leader: ReplicaStore;
  readonly clock: Clock;
  /** High watermarks moved on the leader: who waits for them there should be woken. */
  readonly onAdvanced: (partitionIds: readonly number[]) => void;
  /** What the leader says does not fit what this broker believes: look at the metadata. */
  readonly onStale: (partitionId: number, error: ErrorCode) => void;
  /** Records were dropped; `from` is the new log end. */
  readonly onTruncated: (replica: LocalReplica, from: Offset) => void;
}

const LIMITS = { partitionMaxBytes: 1_048_576, maxBytes: 8_388_608 };
/** A mark that moves without records is learned this late at most. */
const MARK_EVERY_MS = 500;

export class ReplicaFetcher {
  readonly #options: ReplicaFetcherOptions;
  #marksLearnedAt = -Infinity;

  constructor(options: ReplicaFetcherOptions) {
    this.#options = options;
  }

  /** One turn, under the epoch of this broker's registration; true when there was something to copy or to cut, so that another turn is worth it at once. */
  async step(brokerEpoch: number): Promise<boolean> {
    const { own, leader, leaderId, brokerId, onAdvanced } = this.#options;
    const followed = (await own.listFollowed(leaderId)).filter((replica) => replica.leader === leaderId);
    if (followed.length === 0) return false;
    const answers = await leader.noteFetch(
      { brokerId, brokerEpoch },
      followed.map(({ partitionId, leaderEpoch, logEndOffset, lastEpoch }) => ({
        partitionId,
        leaderEpoch,
        fetchOffset: logEndOffset,
        lastEpoch,
      })),
    );
    const advanced = answers.filter(({ hasAdvanced }) => hasAdvanced).map(({ partitionId }) => partitionId);
    if (advanced.length > 0) onAdvanced(advanced);
    const replicas = new Map(followed.map((replica) => [replica.partitionId, replica]));
    const hasCut = await this.#cutWhatParts(answers, replicas);
    const isHealthy = ({ error, diverging }: FollowerFetchAnswer) => error === undefined && diverging === undefined;
    return (await this.#copy(answers.filter(isHealthy), replicas)) || hasCut;
  }

  async #cutWhatParts(
    answers: readonly FollowerFetchAnswer[],
    replicas: ReadonlyMap<number, LocalReplica>,
  ): Promise<boolean> {
    const { own, onStale, onTruncated } = this.#options;
    let hasCut = false;
    for (const answer of answers) {
      const replica = replicas.get(answer.partitionId)!;
      const { partitionId, logEndOffset } = replica;
      if (answer.diverging !== undefined) {
        const { endOffset } = await own.endOfEpoch(partitionId, answer.diverging.epoch);
        const to = endOffset < answer.diverging.endOffset ? endOffset : answer.diverging.endOffset;
        onTruncated(replica, await own.truncate(replica, to));
        hasCut = true;
      } else if (answer.error === 'OFFSET_OUT_OF_RANGE') {
        if (logEndOffset < answer.logStartOffset) await own.restartAt(replica, answer.logStartOffset);
        else onTruncated(replica, await own.truncate(replica, answer.logEndOffset));
        hasCut = true;
      } else if (answer.error !== undefined) {
        onStale(partitionId, answer.error);
      }
    }
    return hasCut;
  }

  async #copy(answers: readonly FollowerFetchAnswer[], replicas: ReadonlyMap<number, LocalReplica>): Promise<boolean> {
    const { own, leader, clock, onStale } = this.#options;
    const behind = answers.filter(
      ({ partitionId, logEndOffset }) => logEndOffset > replicas.get(partitionId)!.logEndOffset,
    );
    const batches =
      behind.length === 0
        ? new Map<number, readonly StoredBatch[]>()
        : await leader.readForFollower(
            behind.map(({ partitionId }) => {
              const { leaderEpoch, logEndOffset } = replicas.get(partitionId)!;
              return { partitionId, leaderEpoch, fetchOffset: logEndOffset };
            }),
            LIMITS,
          );
    for (const each of batches.values()) for (const { bytes } of each) verifyBatch(bytes);
    const mayLearnMarks = batches.size > 0 || clock.monotonic() - this.#marksLearnedAt >= MARK_EVERY_MS;
    const appends = answers.flatMap((answer): FollowerAppend[] => {
      const replica = replicas.get(answer.partitionId)!;
      const news = batches.get(answer.partitionId) ?? [];
      const hasNewMark = answer.highWatermark > replica.highWatermark || answer.logStartOffset > replica.logStartOffset;
      if (news.length === 0 && !(mayLearnMarks && hasNewMark)) return [];
      return [
        {
          partitionId: answer.partitionId,
          leaderEpoch: replica.leaderEpoch,
          batches: news,
          leaderHighWatermark: answer.highWatermark,
          leaderLogStartOffset: answer.logStartOffset,
        },
      ];
    });
    if (appends.length === 0) return false;
    this.#marksLearnedAt = clock.monotonic();
    const refused = await own.appendAsFollower(appends);
    for (const [partitionId, error] of refused) onStale(partitionId, error);
    return batches.size > 0 && refused.size < appends.length;
  }
}
