import { randomBytes } from 'node:crypto';
import { build } from 'esbuild';
import pg from 'pg';

const SOURCE = new URL('../../packages/core/src/testing/embedded-postgres.ts', import.meta.url);
const BUNDLE = new URL('../../node_modules/.cache/postlog/embedded-postgres.mjs', import.meta.url);

/**
 * One Postgres for all workers: the one that POSTLOG_TEST_URL names, else an embedded one. Specs find it in
 * POSTLOG_TEST_SERVER; POSTLOG_TEST_RUN tells one run's databases from another's. Jest loads this file without its transforms, so the TypeScript source is bundled first.
 */
export default async function setUp() {
  const given = process.env.POSTLOG_TEST_URL;
  if (!given) {
    const { fileURLToPath } = await import('node:url');
    const common = { bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' };
    await build({ ...common, entryPoints: [fileURLToPath(SOURCE)], outfile: fileURLToPath(BUNDLE) });
    const { startEmbeddedPostgres } = await import(BUNDLE.href);
    globalThis.postlogTestServer = await startEmbeddedPostgres({
      settings: { max_connections: '300', max_prepared_transactions: '10' },
    });
  }
  process.env.POSTLOG_TEST_RUN = randomBytes(6).toString('hex');
  process.env.POSTLOG_TEST_SERVER = given || globalThis.postlogTestServer.url;
  const client = new pg.Client({ connectionString: process.env.POSTLOG_TEST_SERVER });
  await client.connect();
  const { rows } = await client.query('show server_version');
  await client.end();
  console.log(`\ntests run on PostgreSQL ${rows[0].server_version} (${given ? 'POSTLOG_TEST_URL' : 'embedded'})`);
}
