import pg from 'pg';
import type { Bench } from './bench.js';

/** A bare connection to the measured Postgres. A server that is stopped under it fails its next query, not the process. */
export async function openClient(bench: Bench, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  bench.onStop(() => client.end());
  return client;
}
