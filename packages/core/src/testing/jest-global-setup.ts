import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedServer } from './embedded-postgres.js';

declare global {
  // eslint-disable-next-line no-var
  var postlogTestServer: EmbeddedServer | undefined;
}

/** One server for all workers, given by POSTLOG_TEST_URL or embedded; specs find it in POSTLOG_TEST_SERVER. */
export default async function setUp(): Promise<void> {
  const given = process.env['POSTLOG_TEST_URL'];
  if (given === undefined || given === '') {
    globalThis.postlogTestServer = await startEmbeddedPostgres({ settings: { max_connections: '300' } });
  }
  const url = given || globalThis.postlogTestServer!.url;
  process.env['POSTLOG_TEST_SERVER'] = url;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('show server_version');
  await client.end();
  console.log(`tests run on PostgreSQL ${rows[0]?.server_version} (${given ? 'POSTLOG_TEST_URL' : 'embedded'})`);
}
