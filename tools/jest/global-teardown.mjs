import pg from 'pg';

/** A server of our own goes whole; on another one only what a run leaves for all its specs must go. */
export default async function tearDown() {
  if (globalThis.postlogTestServer) return globalThis.postlogTestServer.stop();
  const client = new pg.Client({ connectionString: process.env.POSTLOG_TEST_SERVER });
  await client.connect();
  await client.query(`drop database if exists postlog_template_${process.env.POSTLOG_TEST_RUN} with (force)`);
  await client.end();
}
