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
  /** A commit or seek with which the owner goes back on purpose may, an automatic one never does. */
  readonly mayGoBack: boolean;
  /** When it is made, in milliseconds; null where it follows a claim, whose position counts on. */
  readonly resetEpoch: number | null;
}

/** Where a group goes on in a partition. Where the partition's log begins and ends only its leader can tell. */
export interface CommittedOffset {
  readonly partitionId: number;
  readonly committedOffset: Offset;
  /** Of the last record before the committed offset; -1 when unknown. */
  readonly leaderEpoch: number;
  readonly metadata: string | null;
  readonly resetEpoch: number;
}

const COMMIT: Statement = {
  name: 'commit_offsets',
  text: /* sql */ `select * from postlog.commit_offsets_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
};

/** Under one snapshot: whether this broker coordinates the group, and what it knows of it. */
const COMMITTED: Statement = {
  name: 'committed_offsets',
  text: /* sql */ `
    select case when $3::integer is null then 0 else postlog.group_log_refusal_v1($3, $4) end as refusal,
           (select e.log_end_offset from postlog.log_ends_v1(array[$3::integer]) e) as log_end,
           (select coalesce(json_agg(json_build_object(
                     'partitionId', c.partition_id, 'committedOffset', c.committed_offset::text,
                     'leaderEpoch', c.leader_epoch, 'metadata', c.metadata, 'resetEpoch', c.reset_epoch) order by c.partition_id), '[]')
              from postlog.committed_offset c
             where c.group_id = $1
               and c.committed_offset is not null
               and ($2::integer[] is null or c.partition_id = any ($2))) as offsets`,
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
    offsets.map((o) => o.resetEpoch),
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

export interface CommittedOffsets {
  readonly offsets: CommittedOffset[];
  /** They may be told once the group's log is on all in-sync replicas up to there; undefined where there is no log. */
  readonly logEnd: Offset | undefined;
}

/**
 * What a group committed for these partitions, or for all; those for which it never did are left out.
 *
 * @throws PostlogError when this broker does not coordinate the group: what its tables say may be of an earlier reign.
 */
export async function committedOffsets(
  database: Database,
  groupId: string,
  partitionIds: readonly number[] | null,
  place?: GroupLogPlace,
): Promise<CommittedOffsets> {
  const row = await database.one<{
    refusal: number;
    log_end: bigint | null;
    offsets: (Omit<CommittedOffset, 'committedOffset'> & { readonly committedOffset: string })[];
  }>(COMMITTED, [groupId, partitionIds, place?.partitionId ?? null, place?.leaderEpoch ?? null]);
  demandCoordinator(groupId, row.refusal);
  return {
    offsets: row.offsets.map((each) => ({ ...each, committedOffset: offset(BigInt(each.committedOffset)) })),
    logEnd: row.log_end === null ? undefined : offset(row.log_end),
  };
}
