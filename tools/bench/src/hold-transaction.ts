import type { Bench } from './bench.js';
import { openClient } from './client.js';

/** Holds a snapshot and a transaction id in another session until told otherwise; fails if the server ended it meanwhile. */
export async function holdTransaction(bench: Bench, url: string): Promise<() => Promise<void>> {
  const holder = await openClient(bench, url);
  await holder.query('begin isolation level repeatable read');
  await holder.query('select pg_current_xact_id(), (select count(*) from pg_class)');
  return async () => {
    await holder.query('commit');
    await holder.end();
  };
}
