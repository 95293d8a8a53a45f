import { Database } from '../postgres/database.js';
import { migrate } from '../postgres/migrate.store.js';
import { systemClock } from '../runtime/clock.js';
import { silentLogger } from '../runtime/logger.js';
import { testDatabase } from './test-database.js';

/** A pool of its own on this database: one more process, as far as Postgres can tell. */
export function openDatabase(
  url: string,
  options: { readonly schema?: string; readonly requestTimeout?: number } = {},
): Database {
  return new Database({
    url,
    schema: options.schema ?? 'postlog',
    clientId: 'spec',
    poolSize: 3,
    connectionTimeout: 10_000,
    requestTimeout: options.requestTimeout ?? 30_000,
    clock: systemClock,
    logger: silentLogger,
  });
}

export interface MigratedDatabase {
  readonly url: string;
  readonly database: Database;
  /** A second process on the same database; closed with the rest. */
  another(): Database;
  drop(): Promise<void>;
}

/** An empty database with the schema in it. */
export async function migratedDatabase(): Promise<MigratedDatabase> {
  const { url, drop } = await testDatabase();
  const opened = [openDatabase(url)];
  await migrate(opened[0]!);
  return {
    url,
    database: opened[0]!,
    another: () => {
      const database = openDatabase(url);
      opened.push(database);
      return database;
    },
    drop: async () => {
      await Promise.all(opened.map((database) => database.close()));
      await drop();
    },
  };
}
