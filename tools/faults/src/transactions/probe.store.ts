import pg from 'pg';
import type { HandlingGroup, Publishing } from './events.js';
import type { AuditEntry, Effect, Letter, MoneySample, PublishedRow } from './history.js';
import { INSTALL, OPEN_ACCOUNTS } from './business.store.js';

/** One statement, one snapshot. */
const SAMPLE = /* sql */ `
  select (select sum(a.balance) from public.account a) as balances,
         (select coalesce(sum(p.amount), 0) from public.published p) as debited,
         (select coalesce(json_object_agg(t.partition, o.next_offset), '{}')
            from postlog.claim c
            join public.place t using (partition_id)
            join lateral (select o.next_offset from postlog.claimed_offset o where o.claim_id = c.claim_id order by o.mark desc limit 1) o on true
           where c.group_id = 'tellers') as claimed`;

const CLAIMED = /* sql */ `
  select c.group_id, t.partition, o.next_offset
    from postlog.claim c
    join public.place t using (partition_id)
    join lateral (select o.next_offset from postlog.claimed_offset o where o.claim_id = c.claim_id order by o.mark desc limit 1) o on true`;

const CLAIMS_OF = /* sql */ `select count(*) as claims from postlog.claim c where starts_with(c.owner_member_id, $1)`;

const UNSEQUENCED = /* sql */ `
  select (select count(*)
            from postlog.outbox o
           where not pg_visible_in_snapshot(o.xid, (select m.sequenced from postlog.outbox_mark m order by m.mark desc limit 1)))
         + (select count(*) from postlog.composed_batch) as rows`;

const TERMINATE = /* sql */ `
  select count(pg_terminate_backend(s.pid)) as ended
    from (select a.pid from pg_stat_activity a
           where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
           order by md5(a.pid::text || $1) limit $2) s`;

const READ_PUBLISHED = /* sql */ `select workload, id, records, amount from public.published`;
const READ_EFFECTS = /* sql */ `
  select group_id, partition, record_offset, value, xid::text, process from public.effect order by seq`;
const READ_LETTERS = /* sql */ `select group_id, partition, xid::text from public.letter`;
const READ_AUDIT = /* sql */ `
  select a.kind, c.group_id, t.partition, a.xid::text, a.claim_epoch, a.member_id, a.next_offset, a.written_by
    from public.audit a
    join postlog.claim c using (claim_id)
    join public.place t using (partition_id)
   order by a.seq`;
const DEFINITION = /* sql */ `select pg_get_functiondef(p.oid) as definition from pg_proc p where p.proname = $1`;

type Row = Record<string, unknown>;

/** A look into the run's database; a connection at a time, made anew when it is lost. */
export class TransactionsProbe {
  readonly #url: string;
  #client: pg.Client | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** `places`: what makes `public.place`. */
  async install(places: string, accounts: number, opening: number): Promise<void> {
    await this.#rows(places);
    await this.#rows(INSTALL);
    await this.#rows(OPEN_ACCOUNTS, [accounts, opening]);
  }

  async sample(at: number): Promise<MoneySample> {
    const [row] = await this.#rows(SAMPLE);
    const claimed = Object.entries(row!['claimed'] as Record<string, number | null>);
    return {
      at,
      balances: Number(row!['balances']),
      debited: Number(row!['debited']),
      claimed: Object.fromEntries(claimed.map(([partition, next]) => [partition, next ?? 0])),
    };
  }

  /** Where groups go on, by `group partition`. */
  async claimed(): Promise<Map<string, number>> {
    const rows = await this.#rows(CLAIMED);
    return new Map(
      rows.map((row) => [`${String(row['group_id'])} ${Number(row['partition'])}`, Number(row['next_offset'] ?? 0)]),
    );
  }

  /** How many claims are a process's. */
  async claimsOf(process: string): Promise<number> {
    return Number((await this.#rows(CLAIMS_OF, [`${process}-`]))[0]!['claims']);
  }

  /** Rows of the outbox that are not in the log. */
  async unsequenced(): Promise<number> {
    return Number((await this.#rows(UNSEQUENCED))[0]!['rows']);
  }

  /** Ends so many sessions that anybody has here; which ones, `salt` says. */
  async terminate(salt: string, most: number): Promise<void> {
    await this.#rows(TERMINATE, [salt, most]);
  }

  async published(): Promise<PublishedRow[]> {
    return (await this.#rows(READ_PUBLISHED)).map((row) => ({
      workload: row['workload'] as Publishing,
      id: String(row['id']),
      records: Number(row['records']),
      amount: Number(row['amount']),
    }));
  }

  async effects(): Promise<Effect[]> {
    return (await this.#rows(READ_EFFECTS)).map((row) => ({
      group: row['group_id'] as HandlingGroup,
      partition: Number(row['partition']),
      offset: Number(row['record_offset']),
      value: String(row['value']),
      xid: String(row['xid']),
      process: String(row['process']),
    }));
  }

  async letters(): Promise<Letter[]> {
    return (await this.#rows(READ_LETTERS)).map((row) => ({
      group: String(row['group_id']),
      partition: Number(row['partition']),
      xid: String(row['xid']),
    }));
  }

  async audit(): Promise<AuditEntry[]> {
    return (await this.#rows(READ_AUDIT)).map((row) => ({
      kind: row['kind'] as AuditEntry['kind'],
      group: String(row['group_id']),
      partition: Number(row['partition']),
      xid: String(row['xid']),
      claimEpoch: Number(row['claim_epoch']),
      memberId: String(row['member_id']),
      nextOffset: row['next_offset'] === null ? null : Number(row['next_offset']),
      writtenBy: String(row['written_by']),
    }));
  }

  /** Breaks a function of the schema on purpose: replaces texts that must be in it. */
  async plant(name: string, replacements: readonly (readonly [from: string, to: string])[]): Promise<void> {
    const [row] = await this.#rows(DEFINITION, [name]);
    let definition = String(row!['definition']);
    for (const [from, to] of replacements) {
      if (!definition.includes(from)) throw new Error(`the fault cannot be planted: ${name} has no "${from}"`);
      definition = definition.replaceAll(from, to);
    }
    await this.#rows(definition);
  }

  async execute(text: string): Promise<void> {
    await this.#rows(text);
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => {});
    this.#client = undefined;
  }

  async #rows(text: string, values?: readonly unknown[]): Promise<Row[]> {
    if (this.#client === undefined) {
      const client = new pg.Client({
        connectionString: this.#url,
        connectionTimeoutMillis: 5_000,
        query_timeout: 30_000,
      });
      client.on('error', () => (this.#client = undefined));
      await client.connect();
      this.#client = client;
    }
    try {
      return (await this.#client.query<Row>(text, values === undefined ? undefined : [...values])).rows;
    } catch (error) {
      if ((error as { code?: string }).code === undefined) this.#client = undefined;
      throw error;
    }
  }
}
