import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A database of its own on the tests' server (`tools/jest` started or found it): empty, or a copy of `template`. */
export async function testDatabase(template = 'template1'): Promise<TestDatabase> {
  const name = `postlog_test_${randomBytes(6).toString('hex')}`;
  await onServer((client) => client.query(`create database ${name} template ${template}`));
  return {
    url: databaseUrl(name),
    drop: async () => {
      await onServer((client) => client.query(`drop database ${name} with (force)`));
    },
  };
}

/** Where a database of this name is on the tests' server. */
export function databaseUrl(name: string): string {
  const url = new URL(testServer());
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs `work` on a connection to the tests' server that is in no database of a spec. */
export async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: testServer() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function testServer(): string {
  const server = process.env['POSTLOG_TEST_SERVER'];
  if (server === undefined)
    throw new Error('POSTLOG_TEST_SERVER is not set: run specs through the jest config of the repository.');
  return server;
}
