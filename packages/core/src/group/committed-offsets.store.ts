import { errorCodeOf, type ErrorCode } from '../errors/error-code.js';
import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { offset, type Offset } from '../record/offset.js';
import { demandCoordinator, type GroupLogPlace } from './group-log-place.js';

export interface OffsetToCommit {
  readonly partitionId: number;
  /** The epoch under which the member took the partition over; -1 for no member. */
  readonly ownerEpoch: number;
  /** The next offset to read (rule H54). */
  readonly offset: Offset;
  readonly leaderEpoch: number;
  readonly metadata: string | null;
  /** An explicit commit or seek by the owner may go back, an automatic one never does. */
  readonly mayGoBack: boolean;
}

/** Where a group goes on in a partition. Where the partition's log begins and ends only its leader can tell. */
export interface CommittedOffset {
  readonly partitionId: number;
  readonly committedOffset: Offset;
  /** Of the last record before the committed offset; -1 when unknown. */
  readonly leaderEpoch: number;
  readonly metadata: string | null;
}

const COMMIT: Statement = {
  name: 'commit_offsets',
  text: /* sql */ `select * from postlog.commit_offsets_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
};

const COMMITTED: Statement = {
  name: 'committed_offsets',
  text: /* sql */ `
    select partition_id, committed_offset, leader_epoch, metadata
      from postlog.committed_offset
     where group_id = $1
       and committed_offset is not null
       and ($2::integer[] is null or partition_id = any ($2))
     order by partition_id`,
};

export interface CommitAnswer {
  /** What was refused, by partition. */
  readonly refused: ReadonlyMap<number, ErrorCode>;
  /** The commit may be confirmed once the group's log is on all in-sync replicas up to there; undefined where there is no log. */
  readonly logEnd: Offset | undefined;
}

/**
 * Commits. `memberId` null is a commit from outside the group. `log`: where the group is logged, with a batch of one record for each of `offsets`, which ascend by partition then.
 *
 * @throws PostlogError when this broker does not coordinate the group.
 */
export async function commitOffsets(
  database: Database,
  groupId: string,
  memberId: string | null,
  offsets: readonly OffsetToCommit[],
  log?: { readonly place: GroupLogPlace; readonly batches: readonly Buffer[] },
): Promise<CommitAnswer> {
  const rows = await database.query<{ partition_id: number; error_code: number; log_end: bigint | null }>(COMMIT, [
    groupId,
    memberId,
    offsets.map((o) => o.partitionId),
    offsets.map((o) => o.ownerEpoch),
    offsets.map((o) => o.offset),
    offsets.map((o) => o.leaderEpoch),
    offsets.map((o) => o.metadata),
    offsets.map((o) => o.mayGoBack),
    log?.place.partitionId ?? null,
    log?.place.leaderEpoch ?? null,
    log?.batches.map((batch) => batch.length) ?? null,
    log === undefined ? null : Buffer.concat(log.batches),
  ]);
  const notHere = rows.find((row) => row.error_code >= 14 && row.error_code <= 16);
  demandCoordinator(groupId, notHere?.error_code ?? 0);
  const refused = rows.filter((row) => row.error_code !== 0);
  const logEnds = rows.flatMap((row) => row.log_end ?? []);
  return {
    refused: new Map(refused.map((row) => [row.partition_id, errorCodeOf(row.error_code)])),
    logEnd: logEnds.length === 0 ? undefined : offset(logEnds.reduce((most, each) => (each > most ? each : most))),
  };
}

/** What a group committed for these partitions, or for all; those for which it never did are left out. */
export async function committedOffsets(
  database: Database,
  groupId: string,
  partitionIds: readonly number[] | null,
): Promise<CommittedOffset[]> {
  const rows = await database.query<{
    partition_id: number;
    committed_offset: bigint;
    leader_epoch: number;
    metadata: string | null;
  }>(COMMITTED, [groupId, partitionIds]);
  return rows.map((row) => ({
    partitionId: row.partition_id,
    committedOffset: offset(row.committed_offset),
    leaderEpoch: row.leader_epoch,
    metadata: row.metadata,
  }));
}
