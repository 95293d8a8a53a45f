import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { offset, type Offset } from '../record/offset.js';
import { OFFSETS_TOPIC } from '../cluster/offsets-topic.js';
import type { GroupLogContent, OffsetRecord } from './group-log.js';
import type { GroupLogPlace } from './group-log-place.js';
import type { GroupMember, Ownership } from './group.js';

/** A partition of `__consumer_offsets` that this broker leads. */
export interface LedGroupLog extends GroupLogPlace {
  /** Position in the topic, and how many partitions that has: they say which groups are kept here. */
  readonly partition: number;
  readonly partitions: number;
  /** Its log was read into the tables under this epoch. */
  readonly isLoaded: boolean;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
}

const LIST_LED_LOGS: Statement = {
  name: 'list_led_group_logs',
  text: /* sql */ `
    with led as (
      select r.partition_id
        from postlog.topic t
        join postlog.topic_partition p using (topic_id)
        join postlog.replica r using (partition_id)
       where t.topic = $1 and r.role = 'leader'
    )
    select e.partition_id, e.leader_epoch, e.log_start_offset, e.log_end_offset, p.partition,
           (select count(*) from postlog.topic_partition a where a.topic_id = p.topic_id)::integer as partitions,
           exists (select from postlog.group_log_load l
                    where l.partition_id = e.partition_id and l.leader_epoch = e.leader_epoch) as is_loaded
      from postlog.log_ends_v1(array(select partition_id from led)) e
      join postlog.topic_partition p using (partition_id)
     order by e.partition_id`,
};

const LOAD_GROUPS: Statement = {
  name: 'load_groups',
  text: /* sql */ `select postlog.load_groups_v1($1, $2, $3, $4, $5) as refusal`,
};

/** Under one snapshot: what the tables say, and where the log ended then. */
const READ_CONTENT: Statement = {
  name: 'read_group_log_content',
  text: /* sql */ `
    select (select e.log_end_offset from postlog.log_ends_v1(array[$1::integer]) e) as log_end_offset,
           (select coalesce(json_agg(json_build_object(
                     'groupId', g.group_id, 'version', g.version::text, 'groupEpoch', g.group_epoch,
                     'assignmentEpoch', g.assignment_epoch, 'changedAt', trunc(extract(epoch from g.changed_at) * 1000), 'createdEpoch', g.created_epoch,
                     'reading', postlog.read_group_v1(g.group_id, '{}', false, $1, $2))), '[]')
              from postlog.group_state g where g.offsets_partition_id = $1) as groups,
           (select coalesce(json_agg(json_build_object(
                     'groupId', c.group_id, 'partitionId', c.partition_id, 'offset', c.committed_offset::text,
                     'leaderEpoch', c.leader_epoch, 'metadata', c.metadata,
                     'committedAt', trunc(extract(epoch from c.committed_at) * 1000), 'resetEpoch', c.reset_epoch)), '[]')
              from postlog.committed_offset c
              join postlog.group_state g using (group_id)
             where g.offsets_partition_id = $1 and c.committed_offset is not null) as offsets`,
};

export async function listLedGroupLogs(database: Database): Promise<LedGroupLog[]> {
  const rows = await database.query<{
    partition_id: number;
    leader_epoch: number;
    log_start_offset: bigint;
    log_end_offset: bigint;
    partition: number;
    partitions: number;
    is_loaded: boolean;
  }>(LIST_LED_LOGS, [OFFSETS_TOPIC]);
  return rows.map((row) => ({
    partitionId: row.partition_id,
    leaderEpoch: row.leader_epoch,
    partition: row.partition,
    partitions: row.partitions,
    isLoaded: row.is_loaded,
    logStartOffset: offset(row.log_start_offset),
    logEndOffset: offset(row.log_end_offset),
  }));
}

/** Puts what a log says into the tables; false when the log, or who leads it, changed meanwhile. */
export async function loadGroups(
  database: Database,
  place: GroupLogPlace,
  logEnd: Offset,
  content: GroupLogContent,
): Promise<boolean> {
  const { refusal } = await database.one<{ refusal: number }>(LOAD_GROUPS, [
    place.partitionId,
    place.leaderEpoch,
    logEnd,
    JSON.stringify(content.groups),
    JSON.stringify(content.offsets),
  ]);
  return refusal === 0;
}

/** Everything that the tables say of a log's groups, and where the log ended then. */
export async function readGroupLogContent(
  database: Database,
  place: GroupLogPlace,
): Promise<{ readonly asOf: Offset; readonly content: GroupLogContent }> {
  const row = await database.one<ContentRow>(READ_CONTENT, [place.partitionId, place.leaderEpoch]);
  const groups = row.groups.map(({ reading, ...group }) => ({
    ...group,
    members: reading.members,
    owned: reading.owned.map(({ partitionId, owner, ownerEpoch }) => ({ partitionId, owner, ownerEpoch })),
  }));
  return { asOf: offset(row.log_end_offset), content: { groups, offsets: row.offsets } };
}

interface ContentRow {
  readonly log_end_offset: bigint;
  readonly groups: readonly {
    readonly groupId: string;
    readonly version: string;
    readonly groupEpoch: number;
    readonly assignmentEpoch: number;
    readonly changedAt: number;
    readonly createdEpoch: number;
    readonly reading: { readonly members: GroupMember[]; readonly owned: Ownership[] };
  }[];
  readonly offsets: readonly OffsetRecord[];
}
