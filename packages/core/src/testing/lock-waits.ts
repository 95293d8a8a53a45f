import pg from 'pg';
import { until } from './collect.js';

const WAITING = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

/**
 * Resolves when so many sessions of this database wait for a lock. It looks from a connection of its own: a transaction sees the first answer again
 * and again (PostgreSQL manual, "The Cumulative Statistics System").
 */
export async function untilWaitForLock(url: string, sessions = 1): Promise<void> {
  const onlooker = new pg.Client({ connectionString: url });
  await onlooker.connect();
  try {
    await until(async () => (await onlooker.query(WAITING)).rows.length >= sessions);
  } finally {
    await onlooker.end();
  }
}
