import type { Statement } from '../postgres/statement.js';

export const IDENTIFY: Statement = {
  name: 'identify_broker',
  text: /* sql */ `
    select b.broker_id, b.incarnation,
           (select c.system_identifier::text from pg_control_system() c) as system_identifier,
           ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer as timeline_id,
           trunc(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0'))::text as flushed_wal,
           (select d.oid::bigint from pg_database d where d.datname = current_database()) as database_oid
      from postlog.broker b`,
};

export const RAISE_INCARNATION: Statement = {
  name: 'raise_incarnation',
  text: /* sql */ `
    update postlog.broker
       set broker_id = $1, incarnation = incarnation + 1, lead_until = clock_timestamp(), replica_lag_time_max_ms = $2
    returning incarnation`,
};

export const READ_CLOCK: Statement = {
  name: 'read_clock',
  text: /* sql */ `select clock_timestamp()::text as now`,
};

/** The time is absolute, so a statement that arrives late renews nothing that has passed. */
export const LEAD_UNTIL: Statement = {
  name: 'lead_until',
  text: /* sql */ `
    update postlog.broker set lead_until = $1::timestamptz + $2 * interval '1 ms' where incarnation = $3 returning broker_id`,
};

export interface IdentityRow {
  readonly broker_id: number;
  readonly incarnation: number;
  readonly system_identifier: string;
  readonly timeline_id: number;
  readonly flushed_wal: string;
  readonly database_oid: bigint;
}
