import { errorCodeOf, type ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { BrokerId, ClusterImage } from '../cluster/cluster-image.js';
import { endOfEpoch } from '../log/leader-epochs.store.js';
import { read, type ReadPartition } from '../log/log.store.js';
import { PARTITIONS_PER_CHAIN } from '../log/topic.store.js';
import type { Database } from '../postgres/database.js';
import { offset, type Offset } from '../record/offset.js';
import type { TopicStore } from './replica-manager.js';
import type {
  FollowerAppend,
  FollowerFetch,
  FollowerFetchAnswer,
  FollowerRead,
  FollowedLog,
  LedPartition,
  LocalReplica,
  ReplicaRole,
  ReplicaStore,
} from './replica-store.js';
import {
  APPLY_ROLES,
  APPLY_TOPICS,
  CHECKPOINT_WATERMARKS,
  CREATE_REPLICAS,
  FOLLOW_APPEND,
  LIST_LED,
  LIST_REPLICAS,
  NOTE_FETCH,
  PROPOSE_ISR,
  TRUNCATE_LOG,
  WITHDRAW_ISR,
  type LedDocument,
  type NotedRow,
  type ReplicaRow,
} from './replica.store.js';

/** Who waits for high watermarks hears of one that a follower's fetch moved: on this channel, from this sender. */
export interface WatermarkWakeUps {
  readonly channel: string;
  readonly sender: string;
}

/** The replicas of one broker, in its Postgres. */
export class PostgresReplicaStore implements ReplicaStore, TopicStore {
  readonly #database: Database;
  readonly #wakeUps: WatermarkWakeUps | undefined;

  constructor(database: Database, wakeUps?: WatermarkWakeUps) {
    this.#database = database;
    this.#wakeUps = wakeUps;
  }

  async listReplicas(): Promise<readonly LocalReplica[]> {
    return (await this.#database.query<ReplicaRow>(LIST_REPLICAS, [null, null])).map(replicaOf);
  }

  async listFollowed(leaderId: BrokerId, only?: readonly number[]): Promise<readonly LocalReplica[]> {
    return (await this.#database.query<ReplicaRow>(LIST_REPLICAS, [leaderId, only ?? null])).map(replicaOf);
  }

  /** Replicas that are missing are made first, outside of any lock of a partition's. */
  async applyRoles(roles: readonly ReplicaRole[]): Promise<readonly number[]> {
    const sorted = [...roles].sort((a, b) => a.partitionId - b.partitionId);
    for (const [topicId, partitionIds] of byTopic(sorted)) {
      for (let from = 0; from < partitionIds.length; from += PARTITIONS_PER_CHAIN) {
        const some = partitionIds.slice(from, from + PARTITIONS_PER_CHAIN);
        await this.#database.query(CREATE_REPLICAS, [topicId, some, PARTITIONS_PER_CHAIN]);
      }
    }
    const rows = await this.#database.query<{ partition_id: number }>(APPLY_ROLES, [
      sorted.map((role) => role.partitionId),
      sorted.map((role) => role.leader),
      sorted.map((role) => role.leaderEpoch),
      sorted.map((role) => role.partitionEpoch),
      JSON.stringify(sorted.map(({ replicas, isr, minIsr }) => ({ replicas, isr, minIsr }))),
    ]);
    return rows.map((row) => row.partition_id);
  }

  async applyTopics(image: ClusterImage, heldPartitionIds: readonly number[]): Promise<boolean> {
    const topics = [...image.topics.values()].map(({ topicId, topic, config, replicationFactor, partitions }) => ({
      topicId,
      topic,
      config,
      replicationFactor,
      partitions: partitions.map(({ partition, partitionId }) => [partition, partitionId]),
    }));
    const { is_applied } = await this.#database.one<{ is_applied: boolean }>(APPLY_TOPICS, [
      image.revision,
      JSON.stringify(topics),
      heldPartitionIds,
    ]);
    return is_applied;
  }

  /** Writes high watermarks down; what was lost of them in a crash is found again from followers. */
  async checkpointWatermarks(): Promise<void> {
    await this.#database.query(CHECKPOINT_WATERMARKS);
  }

  async noteFetch(
    follower: { readonly brokerId: BrokerId; readonly brokerEpoch: number },
    fetches: readonly FollowerFetch[],
    { isWhole }: { readonly isWhole: boolean } = { isWhole: true },
  ): Promise<readonly FollowerFetchAnswer[]> {
    const sorted = [...fetches].sort((a, b) => a.partitionId - b.partitionId);
    const rows = await this.#database.query<NotedRow>(NOTE_FETCH, [
      follower.brokerId,
      follower.brokerEpoch,
      sorted.map((fetch) => fetch.partitionId),
      sorted.map((fetch) => fetch.leaderEpoch),
      sorted.map((fetch) => fetch.fetchOffset),
      sorted.map((fetch) => fetch.lastEpoch),
      isWhole,
      this.#wakeUps?.channel ?? null,
      this.#wakeUps?.sender ?? null,
    ]);
    return rows.map(answerOf);
  }

  async readForFollower(
    requests: readonly { readonly partitionId: number; readonly leaderEpoch: number; readonly fetchOffset: Offset }[],
    limits: { readonly partitionMaxBytes: number; readonly maxBytes: number },
  ): Promise<FollowerRead> {
    const answers = await read(this.#database, requests, limits, 'follower');
    const isEmpty = ({ batches }: ReadPartition) => batches.length === 0;
    const idsOf = (some: readonly ReadPartition[]) => some.map(({ partitionId }) => partitionId);
    const accepted = answers.filter(({ error }) => error === undefined);
    return {
      batches: new Map(
        accepted.filter((each) => !isEmpty(each)).map(({ partitionId, batches }) => [partitionId, batches]),
      ),
      hadNoRoom: idsOf(accepted.filter(isEmpty)), // Those without news are not answered at all.
      refused: idsOf(answers.filter(({ error }) => error !== undefined)),
    };
  }

  async appendAsFollower(appends: readonly FollowerAppend[]): Promise<ReadonlyMap<number, ErrorCode>> {
    const sorted = [...appends].sort((a, b) => a.partitionId - b.partitionId);
    const batches = sorted.flatMap((append) => append.batches);
    const rows = await this.#database.query<{ partition_id: number; error_code: number }>(FOLLOW_APPEND, [
      sorted.map((append) => append.partitionId),
      sorted.map((append) => append.leaderEpoch),
      sorted.map((append) => append.leaderHighWatermark),
      sorted.map((append) => append.leaderLogStartOffset),
      sorted.map((append) => append.batches.length),
      batches.map((batch) => batch.baseOffset),
      batches.map((batch) => batch.lastOffset),
      batches.map((batch) => batch.leaderEpoch),
      batches.map((batch) => batch.maxTimestamp),
      batches.map((batch) => batch.producerId),
      batches.map((batch) => batch.producerEpoch),
      batches.map((batch) => batch.baseSequence),
      batches.map((batch) => batch.bytes.length),
      batches.length === 1 ? batches[0]!.bytes : Buffer.concat(batches.map((batch) => batch.bytes)),
    ]);
    return new Map(
      rows.filter((row) => row.error_code !== 0).map((row) => [row.partition_id, errorCodeOf(row.error_code)]),
    );
  }

  endOfEpoch(partitionId: number, epoch: number): Promise<{ readonly epoch: number; readonly endOffset: Offset }> {
    return endOfEpoch(this.#database, partitionId, epoch);
  }

  truncate(log: FollowedLog, to: Offset): Promise<Offset> {
    return this.#cut(log, to, false);
  }

  async restartAt(log: FollowedLog, at: Offset): Promise<void> {
    await this.#cut(log, at, true);
  }

  async listLed(): Promise<readonly LedPartition[]> {
    const documents = await this.#database.query<{ led: LedDocument }>(LIST_LED);
    const replicas = new Map((await this.listReplicas()).map((replica) => [replica.partitionId, replica]));
    return documents.flatMap(({ led }) => {
      const replica = replicas.get(led.partitionId);
      return replica === undefined ? [] : [ledPartitionOf(replica, led)];
    });
  }

  async proposeIsr(
    partitionId: number,
    { leaderEpoch, partitionEpoch }: { readonly leaderEpoch: number; readonly partitionEpoch: number },
    isr: readonly BrokerId[],
  ): Promise<Offset | undefined> {
    const { join_offset } = await this.#database.one<{ join_offset: bigint | null }>(PROPOSE_ISR, [
      partitionId,
      leaderEpoch,
      partitionEpoch,
      isr,
    ]);
    return join_offset === null ? undefined : offset(join_offset);
  }

  async withdrawIsr(
    partitionId: number,
    { leaderEpoch, partitionEpoch }: { readonly leaderEpoch: number; readonly partitionEpoch: number },
    isr: readonly BrokerId[],
  ): Promise<boolean> {
    const { is_withdrawn } = await this.#database.one<{ is_withdrawn: boolean }>(WITHDRAW_ISR, [
      partitionId,
      leaderEpoch,
      partitionEpoch,
      isr,
    ]);
    return is_withdrawn;
  }

  async #cut(log: FollowedLog, at: Offset, beginsAnew: boolean): Promise<Offset> {
    const { partitionId, leaderEpoch, logEndOffset, lastEpoch } = log;
    const row = await this.#database.one<{ error_code: number; log_end_offset: bigint | null }>(TRUNCATE_LOG, [
      partitionId,
      leaderEpoch,
      logEndOffset,
      lastEpoch,
      at,
      beginsAnew,
    ]);
    if (row.error_code !== 0 || row.log_end_offset === null) {
      throw new PostlogError(errorCodeOf(row.error_code), `partition id ${partitionId} changed while its log was cut.`);
    }
    return offset(row.log_end_offset);
  }
}

function byTopic(roles: readonly ReplicaRole[]): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  for (const { topicId, partitionId } of roles) {
    const partitionIds = topics.get(topicId);
    if (partitionIds === undefined) topics.set(topicId, [partitionId]);
    else partitionIds.push(partitionId);
  }
  return topics;
}

function replicaOf(row: ReplicaRow): LocalReplica {
  return {
    topicId: row.topic_id,
    partition: row.partition,
    partitionId: row.partition_id,
    leader: row.leader_id,
    leaderEpoch: row.leader_epoch,
    partitionEpoch: row.partition_epoch,
    replicas: row.replicas,
    isr: row.isr,
    pendingIsr: row.pending_isr,
    minIsr: row.min_isr,
    logStartOffset: offset(row.log_start_offset),
    logEndOffset: offset(row.log_end_offset),
    highWatermark: offset(row.high_watermark),
    lastEpoch: row.last_epoch,
  };
}

function answerOf(row: NotedRow): FollowerFetchAnswer {
  return {
    partitionId: row.partition_id,
    error: row.error_code === 0 ? undefined : errorCodeOf(row.error_code),
    diverging:
      row.diverging_epoch === null || row.diverging_end === null
        ? undefined
        : { epoch: row.diverging_epoch, endOffset: offset(row.diverging_end) },
    logStartOffset: offset(row.log_start_offset ?? 0n),
    logEndOffset: offset(row.log_end_offset ?? 0n),
    highWatermark: offset(row.high_watermark ?? 0n),
    hasAdvanced: row.has_advanced,
  };
}

/** Where the numbers of the log differ, both from statements of their own, the led document's count: they go with the followers'. */
function ledPartitionOf(replica: LocalReplica, led: LedDocument): LedPartition {
  return {
    ...replica,
    logStartOffset: offset(BigInt(led.logStartOffset)),
    logEndOffset: offset(BigInt(led.logEndOffset)),
    highWatermark: offset(BigInt(led.highWatermark)),
    epochStartOffset: offset(BigInt(led.epochStartOffset ?? 0)),
    followers: led.followers.map(({ brokerId, brokerEpoch, logEndOffset, caughtUpAgoMs }) => ({
      brokerId,
      brokerEpoch,
      logEndOffset: offset(BigInt(logEndOffset)),
      caughtUpAgoMs: caughtUpAgoMs ?? Infinity,
    })),
  };
}
