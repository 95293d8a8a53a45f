import pg from 'pg';
import type { AuditEntry, PartitionEnd } from './history.js';

/** Writes down every change of an owner or an offset, in the order of the row's lock; only in the tool's own database. */
const INSTALL = /* sql */ `
  create table public.audit (
    seq bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    group_id text not null, partition_id integer not null,
    member_id text, owner_epoch integer not null, committed bigint, written_by text not null
  );
  create function public.write_audit() returns trigger language plpgsql as $$
  begin
    insert into public.audit (group_id, partition_id, member_id, owner_epoch, committed, written_by)
    values (new.group_id, new.partition_id, new.owner_member_id, new.owner_epoch, new.committed_offset,
            replace(current_setting('application_name'), 'postlog:', ''));
    return null;
  end
  $$;
  create trigger audit after insert or update on postlog.committed_offset
    for each row execute function public.write_audit()`;

const READ_AUDIT = /* sql */ `
  select extract(epoch from a.at) * 1000 as at, r.partition, a.member_id, a.owner_epoch, a.committed, a.written_by
    from public.audit a
    join postlog.topic_partition r using (partition_id)
   where a.group_id = $1
   order by a.seq`;

const READ_ENDS = /* sql */ `
  select l.partition, l.log_end_offset, coalesce(l.committed_offset, 0) as committed, l.member_id is not null as has_owner
    from postlog.group_lag l
   where l.group_id = $1`;

const DEFINITION = /* sql */ `select pg_get_functiondef(p.oid) as definition from pg_proc p where p.proname = $1`;

/** The run's own connection to what it watches. */
export class Audit {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async install(url: string): Promise<Audit> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    await client.query(INSTALL);
    return new Audit(client);
  }

  async entries(groupId: string): Promise<AuditEntry[]> {
    const { rows } = await this.#client.query<Record<string, string | null>>(READ_AUDIT, [groupId]);
    return rows.map((row) => ({
      at: Number(row['at']),
      partition: Number(row['partition']),
      memberId: row['member_id'] ?? null,
      ownerEpoch: Number(row['owner_epoch']),
      committed: row['committed'] === null ? null : Number(row['committed']),
      writtenBy: row['written_by']!,
    }));
  }

  async ends(groupId: string): Promise<PartitionEnd[]> {
    const { rows } = await this.#client.query<Record<string, string | number | boolean>>(READ_ENDS, [groupId]);
    return rows.map((row) => ({
      partition: Number(row['partition']),
      logEnd: Number(row['log_end_offset']),
      committed: Number(row['committed']),
      hasOwner: row['has_owner'] === true,
    }));
  }

  /** Breaks a function of the schema on purpose: replaces `from`, which must be in it, by `to`. */
  async plant(name: string, from: string, to: string): Promise<void> {
    const { rows } = await this.#client.query<{ definition: string }>(DEFINITION, [name]);
    const { definition } = rows[0]!;
    if (!definition.includes(from)) throw new Error(`the fault cannot be planted: ${name} has no "${from}"`);
    await this.#client.query(definition.replace(from, to));
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}
