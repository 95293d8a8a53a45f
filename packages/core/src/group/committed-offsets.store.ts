import { errorCodeOf, type ErrorCode } from '../errors/error-code.js';
import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { offset, type Offset } from '../record/offset.js';

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

export interface CommittedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly committedOffset: Offset | null;
  /** Of the last record before the committed offset; -1 when unknown. */
  readonly leaderEpoch: number;
  readonly metadata: string | null;
  readonly logEndOffset: Offset;
  readonly logStartOffset: Offset;
}

const COMMIT: Statement = {
  name: 'commit_offsets',
  text: /* sql */ `select * from postlog.commit_offsets_v1($1, $2, $3, $4, $5, $6, $7, $8)`,
};

const COMMITTED: Statement = {
  name: 'committed_offsets',
  text: /* sql */ `
    with wanted as (
      select t.topic, r.partition, r.partition_id, c.committed_offset, c.leader_epoch, c.metadata
        from postlog.topic t
        join postlog.replica r using (topic_id)
        left join postlog.committed_offset c on c.group_id = $1 and c.partition_id = r.partition_id
       where t.topic = any ($2) or ($2::text[] is null and c.committed_offset is not null)
    )
    select w.topic, w.partition, w.committed_offset, coalesce(w.leader_epoch, -1) as leader_epoch, w.metadata, e.log_end_offset, e.log_start_offset
      from wanted w
      join postlog.log_ends_v1(array(select partition_id from wanted)) e using (partition_id)
     order by w.topic, w.partition`,
};

/** Commits; answers what was refused, by partition. `memberId` null is a commit from outside the group. */
export async function commitOffsets(
  database: Database,
  groupId: string,
  memberId: string | null,
  offsets: readonly OffsetToCommit[],
): Promise<Map<number, ErrorCode>> {
  const sorted = [...offsets].sort((a, b) => a.partitionId - b.partitionId);
  const rows = await database.query<{ partition_id: number; error_code: number }>(COMMIT, [
    groupId,
    memberId,
    sorted.map((o) => o.partitionId),
    sorted.map((o) => o.ownerEpoch),
    sorted.map((o) => o.offset),
    sorted.map((o) => o.leaderEpoch),
    sorted.map((o) => o.metadata),
    sorted.map((o) => o.mayGoBack),
  ]);
  return new Map(
    rows.filter((row) => row.error_code !== 0).map((row) => [row.partition_id, errorCodeOf(row.error_code)]),
  );
}

/** Where a group stands in the named topics, or in all that it ever committed to. */
export async function committedOffsets(
  database: Database,
  groupId: string,
  topics: readonly string[] | null,
): Promise<CommittedPartition[]> {
  const rows = await database.query<{
    topic: string;
    partition: number;
    committed_offset: bigint | null;
    leader_epoch: number;
    metadata: string | null;
    log_end_offset: bigint;
    log_start_offset: bigint;
  }>(COMMITTED, [groupId, topics]);
  return rows.map((row) => ({
    topic: row.topic,
    partition: row.partition,
    committedOffset: row.committed_offset === null ? null : offset(row.committed_offset),
    leaderEpoch: row.leader_epoch,
    metadata: row.metadata,
    logEndOffset: offset(row.log_end_offset),
    logStartOffset: offset(row.log_start_offset),
  }));
}
