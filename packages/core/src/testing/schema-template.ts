import type pg from 'pg';
import { migrate } from '../postgres/migrate.store.js';
import { openDatabase } from './open-database.js';
import { databaseUrl, onServer, testDatabase, type TestDatabase } from './test-database.js';

/** One for each run of the tests, so that it has the schema of this source. */
const name = () => `postlog_template_${process.env['POSTLOG_TEST_RUN']}`;
let made: Promise<void> | undefined;

/** A database of its own with the schema in it: a copy of one that the first who asks makes, which is faster than the migration. */
export async function databaseWithSchema(): Promise<TestDatabase> {
  made ??= makeTemplate();
  await made;
  return testDatabase(name());
}

/** Once for all workers, under a lock. Only what is whole has the name. */
async function makeTemplate(): Promise<void> {
  await onServer(async (client) => {
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(hashtext($1))`, [name()]);
    const { rows } = await client.query(`select from pg_database where datname = $1`, [name()]);
    if (rows.length === 0) await onServer((other) => makeOnce(other, `${name()}_draft`));
    await client.query('commit');
  });
}

async function makeOnce(client: pg.Client, draft: string): Promise<void> {
  await client.query(`create database ${draft}`);
  const database = openDatabase(databaseUrl(draft));
  await migrate(database);
  await database.close();
  // A pooler may keep a connection.
  await client.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1`, [draft]);
  await client.query(`alter database ${draft} rename to ${name()}`);
}
