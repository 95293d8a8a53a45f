import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';

/** Takes a lease that is free or has run out, or renews our own, on the database's clock. */
const ACQUIRE: Statement = {
  name: 'acquire_lease',
  text: /* sql */ `
    insert into postlog.lease as l (name, holder, lease_epoch, expires_at)
    values ($1, $2, 1, clock_timestamp() + $3 * interval '1 ms')
    on conflict (name) do update
       set holder = excluded.holder,
           lease_epoch = l.lease_epoch + case when l.holder = excluded.holder then 0 else 1 end,
           expires_at = excluded.expires_at
     where l.holder = excluded.holder or l.expires_at <= clock_timestamp()
    returning lease_epoch`,
};

const RESIGN: Statement = {
  name: 'resign_lease',
  text: /* sql */ `update postlog.lease set expires_at = clock_timestamp() where name = $1 and holder = $2`,
};

/** Acquires or renews; answers the lease's epoch, or undefined while somebody else holds it. */
export async function acquireLease(
  database: Database,
  lease: { readonly name: string; readonly holder: string; readonly ttlMs: number },
): Promise<bigint | undefined> {
  const [row] = await database.query<{ lease_epoch: bigint }>(ACQUIRE, [lease.name, lease.holder, lease.ttlMs]);
  return row?.lease_epoch;
}

/** Gives the lease back at once, so that another process need not wait for it to run out. */
export async function resignLease(
  database: Database,
  lease: { readonly name: string; readonly holder: string },
): Promise<void> {
  await database.query(RESIGN, [lease.name, lease.holder]);
}
