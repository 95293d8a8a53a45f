import { PostlogError } from '../errors/postlog-error.js';
import type { Database, Session } from './database.js';
import { CREATE_MARKS, CREATE_SCHEMA, migrationFiles, type MigrationFile } from './migration-files.js';
import type { Statement } from './statement.js';

/** Ten processes may start at once: this is how long the last of them waits for the first. */
const MIGRATION_DEADLINE_MS = 120_000;

const HAS_MARKS: Statement = {
  name: 'has_migration_marks',
  text: /* sql */ `select to_regclass('postlog.schema_migration') is not null as has_marks`,
};

const LIST_MARKS: Statement = {
  name: 'list_migration_marks',
  text: /* sql */ `select name, sha256 from postlog.schema_migration`,
};

/** Held to the end of the transaction; a session-level lock would stay behind in a pooler. */
const LOCK_MIGRATIONS: Statement = {
  name: 'lock_migrations',
  text: /* sql */ `select pg_advisory_xact_lock(hashtext('postlog migrate'), hashtext($1))`,
};

const MARK_APPLIED: Statement = {
  name: 'mark_migration_applied',
  text: /* sql */ `insert into postlog.schema_migration (name, sha256) values ($1, $2)`,
};

/**
 * Brings the schema up to date, once, however many processes try: all missing steps in one transaction under a lock.
 * Answers the names of the steps that this call applied. Steps that a newer version applied are left alone.
 *
 * @throws PostlogError `UNSUPPORTED_DATABASE` when a step that was applied differs from ours.
 */
export async function migrate(database: Database): Promise<string[]> {
  if ((await missingSteps(database, database.schema)).length === 0) return [];
  return database.transaction(async (session) => {
    await session.query(LOCK_MIGRATIONS, [database.schema]);
    await session.query(createSchema(database.schema));
    await session.query({ name: 'create_migration_marks', text: CREATE_MARKS });
    const missing = await missingSteps(session, database.schema);
    for (const { name, text, sha256 } of missing) {
      await session.query({ name, text });
      await session.query(MARK_APPLIED, [name, sha256]);
    }
    return missing.map(({ name }) => name);
  }, MIGRATION_DEADLINE_MS);
}

/** What `migrate` would apply. */
export async function missingSteps(session: Session, schema: string): Promise<MigrationFile[]> {
  const [marks] = await session.query<{ has_marks: boolean }>(HAS_MARKS);
  const applied = marks?.has_marks === true ? await session.query<{ name: string; sha256: string }>(LIST_MARKS) : [];
  const hashes = new Map(applied.map(({ name, sha256 }) => [name, sha256]));
  return migrationFiles().filter(({ name, sha256 }) => {
    const known = hashes.get(name);
    if (known !== undefined && known !== sha256) {
      throw new PostlogError(
        'UNSUPPORTED_DATABASE',
        `step ${name} in schema ${schema} was made by another build; use the version that made it, or a fresh schema.`,
      );
    }
    return known === undefined;
  });
}

function createSchema(schema: string): Statement {
  return { name: 'create_schema', text: CREATE_SCHEMA.replace('postlog', schema) };
}
