import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database of its own on the tests' server (`tools/jest` started or found it). */
export async function testDatabase(): Promise<TestDatabase> {
  const server = process.env['POSTLOG_TEST_SERVER'];
  if (server === undefined)
    throw new Error('POSTLOG_TEST_SERVER is not set: run specs through the jest config of the repository.');
  const name = `postlog_test_${randomBytes(6).toString('hex')}`;
  await onServer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(server, `drop database ${name} with (force)`) };
}

async function onServer(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
