import type { Database } from '../postgres/database.js';
import { openDatabase } from './open-database.js';
import { databaseWithSchema } from './schema-template.js';

export interface MigratedDatabase {
  readonly url: string;
  readonly database: Database;
  /** A second process on the same database; closed with the rest. */
  another(): Database;
  drop(): Promise<void>;
}

/** An empty database with the schema in it. */
export async function migratedDatabase(): Promise<MigratedDatabase> {
  const { url, drop } = await databaseWithSchema();
  const opened = [openDatabase(url)];
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
