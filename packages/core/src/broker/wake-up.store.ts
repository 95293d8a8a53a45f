import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';

/** A wake-up need not survive a crash, so its commit does not wait for the disk. */
const NOTIFY: Statement = {
  name: 'notify',
  text: /* sql */ `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`,
};

/** Sends one notification in a transaction of its own. */
export async function notify(database: Database, channel: string, payload: string): Promise<void> {
  await database.query(NOTIFY, [channel, payload]);
}
