import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';

export interface ListedGroup {
  readonly groupId: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  /** Of the members whose session has not run out. */
  readonly memberEpochs: readonly number[];
}

const LIST_GROUPS: Statement = {
  name: 'list_groups',
  text: /* sql */ `
    select g.group_id, g.group_epoch, g.assignment_epoch,
           (select coalesce(json_agg(m.member_epoch), '[]')
              from postlog.group_membership m
              join postlog.group_liveness l using (group_id, member_id)
             where m.group_id = g.group_id and l.expires_at > clock_timestamp()) as member_epochs
      from postlog.group_state g
     order by g.group_id`,
};

const DELETE_GROUP: Statement = {
  name: 'delete_group',
  text: /* sql */ `select postlog.delete_group_v1($1, $2) as is_deleted`,
};

export async function listGroups(database: Database): Promise<ListedGroup[]> {
  const rows = await database.query<{
    group_id: string;
    group_epoch: number;
    assignment_epoch: number;
    member_epochs: number[];
  }>(LIST_GROUPS);
  return rows.map((row) => ({
    groupId: row.group_id,
    groupEpoch: row.group_epoch,
    assignmentEpoch: row.assignment_epoch,
    memberEpochs: row.member_epochs,
  }));
}

/** False when the group has members or was changed since it was read. */
export async function deleteGroup(database: Database, groupId: string, expectedVersion: bigint): Promise<boolean> {
  const { is_deleted } = await database.one<{ is_deleted: boolean }>(DELETE_GROUP, [groupId, expectedVersion]);
  return is_deleted;
}
