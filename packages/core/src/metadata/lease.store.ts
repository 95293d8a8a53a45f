import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import type { Lease } from './metadata-store.js';

/**
 * Takes a lease that is free or has run out, or renews our own, on the database's clock. It waits for the disk whatever the
 * role's settings are: an epoch that a crash forgets would be given to two holders.
 */
const ACQUIRE: Statement = {
  name: 'acquire_lease',
  text: /* sql */ `
    with durable as materialized (
      select set_config('synchronous_commit', case s.setting when 'off' then 'local' else s.setting end, true) as setting
        from current_setting('synchronous_commit') as s (setting)
    )
    insert into postlog.lease as l (name, holder, lease_epoch, expires_at)
    select $1, $2, 1, clock_timestamp() + $3 * interval '1 ms' from durable where setting <> 'off'
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

/** Those that have not run out, by name. */
const LIST: Statement = {
  name: 'list_leases',
  text: /* sql */ `
    select name, holder, lease_epoch
      from postlog.lease
     where starts_with(name, $1) and expires_at > clock_timestamp()
     order by name collate "C"`,
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

/** Leases whose name begins with `prefix` and which have not run out. */
export async function listLeases(database: Database, prefix: string): Promise<Lease[]> {
  const rows = await database.query<{ name: string; holder: string; lease_epoch: bigint }>(LIST, [prefix]);
  return rows.map(({ name, holder, lease_epoch }) => ({ name, holder, epoch: lease_epoch }));
}
