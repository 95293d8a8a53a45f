import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import type { Offset } from '../record/offset.js';
import type { JournalEntry } from './group-journal.js';
import { demandCoordinator, logEndOf } from './group-log-place.js';
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
  text: /* sql */ `select postlog.delete_group_v1($1, $2, $3, $4, $5) as answer`,
};

export async function listGroups(database: Database): Promise<ListedGroup[]> {
  const rows = await database.query<{ group_id: string; state: GroupState }>(LIST_GROUPS);
  return rows.map(({ group_id, state }) => ({ groupId: group_id, state }));
}

/** Forgets offsets of some groups that nobody needed for so long (rule H57); answers how many. */
export async function expireOffsets(database: Database, retentionMs: number, maxGroups: number): Promise<number> {
  return (await database.one<{ expired: number }>(EXPIRE_OFFSETS, [retentionMs, maxGroups])).expired;
}

/** Whether it is deleted: not when the group has members or was changed since it was read. @throws PostlogError when this broker does not coordinate it. */
export async function deleteGroup(
  database: Database,
  groupId: string,
  expectedVersion: bigint,
  log?: JournalEntry,
): Promise<{ readonly isDeleted: boolean; readonly logEnd: Offset | undefined }> {
  const { answer } = await database.one<{ answer: { error?: number; isDeleted?: boolean; logEnd?: string | null } }>(
    DELETE_GROUP,
    [groupId, expectedVersion, log?.place.partitionId ?? null, log?.place.leaderEpoch ?? null, log?.batch ?? null],
  );
  demandCoordinator(groupId, answer.error ?? 0);
  return { isDeleted: answer.isDeleted === true, logEnd: logEndOf(answer.logEnd) };
}
