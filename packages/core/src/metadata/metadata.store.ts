import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import type { MetadataChange, MetadataListing } from './metadata-store.js';

const COMMIT: Statement = {
  name: 'metadata_commit',
  text: /* sql */ `select postlog.metadata_commit_v1($1, $2, $3, $4, $5, $6) as revision`,
};

/** One statement, so one snapshot; a row without a key when there is no entry. */
const LIST: Statement = {
  name: 'list_metadata',
  text: /* sql */ `
    select r.revision as store_revision, e.key, e.value, e.revision
      from postlog.metadata_revision r
      left join postlog.metadata_entry e on starts_with(e.key, $1)
     order by e.key`,
};

/** A hint need not survive a crash, so its commit does not wait for the disk. */
const NOTIFY: Statement = {
  name: 'notify_metadata',
  text: /* sql */ `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`,
};

/** Makes all changes or none, in one autocommit statement; answers the revision, or undefined when a comparison failed. */
export async function commitMetadata(
  database: Database,
  changes: readonly MetadataChange[],
  fence?: { readonly name: string; readonly epoch: bigint },
): Promise<bigint | undefined> {
  const { revision } = await database.one<{ revision: bigint | null }>(COMMIT, [
    changes.map(({ key }) => key),
    changes.map(({ expectedRevision }) => expectedRevision),
    changes.map(({ value }) => (value === undefined ? 'compare' : value === null ? 'delete' : 'put')),
    changes.map(({ value }) => value ?? null),
    fence?.name ?? null,
    fence?.epoch ?? null,
  ]);
  return revision ?? undefined;
}

export async function listMetadata(database: Database, prefix: string): Promise<MetadataListing> {
  const rows = await database.query<ListRow>(LIST, [prefix]);
  return {
    revision: rows[0]?.store_revision ?? 0n,
    entries: rows.flatMap((row) =>
      row.key === null ? [] : [{ key: row.key, value: row.value, revision: row.revision }],
    ),
  };
}

/** Tells who listens that something changed, after the commit and in a transaction of its own. */
export async function notifyMetadata(database: Database, channel: string, sender: string): Promise<void> {
  await database.query(NOTIFY, [channel, sender]);
}

type ListRow = { readonly store_revision: bigint } & (
  { readonly key: string; readonly value: string; readonly revision: bigint } | { readonly key: null }
);
