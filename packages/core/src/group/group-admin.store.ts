import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import type { GroupState } from './group.js';

export interface ListedGroup {
  readonly groupId: string;
  readonly state: GroupState;
}

const LIST_GROUPS: Statement = {
  name: 'list_groups',
  text: /* sql */ `select group_id, state from postlog.consumer_group order by group_id`,
};

const EXPIRE_OFFSETS: Statement = {
  name: 'expire_offsets',
  text: /* sql */ `select postlog.expire_offsets_v1($1, $2) as expired`,
};

const DELETE_GROUP: Statement = {
  name: 'delete_group',
  text: /* sql */ `select postlog.delete_group_v1($1, $2) as is_deleted`,
};

export async function listGroups(database: Database): Promise<ListedGroup[]> {
  const rows = await database.query<{ group_id: string; state: GroupState }>(LIST_GROUPS);
  return rows.map(({ group_id, state }) => ({ groupId: group_id, state }));
}

/** Forgets offsets of some groups that nobody needed for so long (rule H57); answers how many. */
export async function expireOffsets(database: Database, retentionMs: number, maxGroups: number): Promise<number> {
  return (await database.one<{ expired: number }>(EXPIRE_OFFSETS, [retentionMs, maxGroups])).expired;
}

/** False when the group has members or was changed since it was read. */
export async function deleteGroup(database: Database, groupId: string, expectedVersion: bigint): Promise<boolean> {
  const { is_deleted } = await database.one<{ is_deleted: boolean }>(DELETE_GROUP, [groupId, expectedVersion]);
  return is_deleted;
}
