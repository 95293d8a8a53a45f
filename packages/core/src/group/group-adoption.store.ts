import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { committedOffsets } from './committed-offsets.store.js';
import type { GroupJournal } from './group-journal.js';
import type { GroupLogPlace } from './group-log-place.js';
import { readGroup } from './group.store.js';

const LIST_UNLOGGED: Statement = {
  name: 'list_unlogged_groups',
  text: /* sql */ `select group_id from postlog.group_state where offsets_partition_id is null order by group_id`,
};

const ADOPT: Statement = {
  name: 'adopt_group',
  text: /* sql */ `select postlog.adopt_group_v1($1, $2, $3, $4, $5, $6, $7, $8) as is_adopted`,
};

/** Groups that this broker kept while it was alone, and that are in no log yet. */
export async function listUnloggedGroups(database: Database): Promise<string[]> {
  return (await database.query<{ group_id: string }>(LIST_UNLOGGED)).map(({ group_id }) => group_id);
}

/** Takes such a group into its log, as it is; false when it changed meanwhile: try again. */
export async function adoptGroup(
  database: Database,
  journal: GroupJournal,
  groupId: string,
  place: GroupLogPlace,
): Promise<boolean> {
  const { version, group, createdEpoch } = await readGroup(database, groupId);
  const { offsets } = await committedOffsets(database, groupId, null);
  const ofGroup = await journal.ofGroup(groupId, { version, createdEpoch }, group);
  const ofOffsets = await journal.ofOffsets(
    groupId,
    offsets.map(({ partitionId, committedOffset, leaderEpoch, metadata, resetEpoch }) => {
      const from = { partitionId, ownerEpoch: -1, mayGoBack: false };
      return { ...from, offset: committedOffset, leaderEpoch, metadata, resetEpoch };
    }),
  );
  const batches = [...(ofGroup === undefined ? [] : [ofGroup.batch]), ...(ofOffsets?.batches ?? [])];
  const { is_adopted } = await database.one<{ is_adopted: boolean }>(ADOPT, [
    groupId,
    version,
    offsets.map(({ partitionId }) => partitionId),
    offsets.map(({ committedOffset }) => committedOffset),
    place.partitionId,
    place.leaderEpoch,
    batches.map((batch) => batch.length),
    Buffer.concat(batches),
  ]);
  return is_adopted;
}
