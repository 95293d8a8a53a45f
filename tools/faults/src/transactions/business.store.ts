import type { QueryHandle } from '@postlog/core';
import type { HandlingGroup, Publishing } from './events.js';

/** The application's tables. Nothing in them is unique, so that what happens twice is seen; the triggers note who moves which claim and what is a dead letter, in its transaction. */
export const INSTALL = /* sql */ `
  create table public.published (
    workload text not null, id text not null, records integer not null, amount bigint not null
  );
  create table public.account (id integer primary key, balance bigint not null) with (fillfactor = 50);
  create table public.effect (
    seq bigint generated always as identity, group_id text not null, partition integer not null, record_offset bigint not null, value text not null,
    xid xid8 not null default pg_current_xact_id(), process text not null
  );
  create table public.audit (
    seq bigint generated always as identity primary key,
    kind text not null, claim_id integer not null, claim_epoch integer not null, member_id text not null, next_offset bigint,
    xid xid8 not null default pg_current_xact_id(), written_by text not null default replace(current_setting('application_name'), 'postlog:', '')
  );
  create table public.letter (group_id text not null, partition integer not null, xid xid8 not null);
  create function public.audit_letter() returns trigger language plpgsql as $$
  begin
    insert into public.letter (group_id, partition, xid)
    select split_part(p.topic, '.dlq.', 2), p.partition, new.xid
      from public.place p
     where p.partition_id = new.partition_id and p.topic like '%.dlq.%';
    return null;
  end
  $$;
  create function public.audit_claim() returns trigger language plpgsql as $$
  begin
    insert into public.audit (kind, claim_id, claim_epoch, member_id)
    values ('claim', new.claim_id, new.claim_epoch, new.owner_member_id);
    return null;
  end
  $$;
  create function public.audit_offset() returns trigger language plpgsql as $$
  begin
    insert into public.audit (kind, claim_id, claim_epoch, member_id, next_offset)
    select 'offset', c.claim_id, c.claim_epoch, c.owner_member_id, new.next_offset from postlog.claim c where c.claim_id = new.claim_id;
    return null;
  end
  $$;
  create trigger audit after update on postlog.claim for each row execute function public.audit_claim();
  create trigger audit after insert on postlog.outbox for each row execute function public.audit_letter();
  create trigger audit after insert on postlog.claimed_offset for each row execute function public.audit_offset()`;

/** Which partition is which: as the broker says whose database this is. */
export const PLACES_OF_A_BROKER = /* sql */ `
  create view public.place as
  select p.partition_id, t.topic, p.partition from postlog.topic_partition p join postlog.topic t using (topic_id)`;

/** Ids of each topic's partitions, where the application's database knows none. */
export function placesOfACluster(topics: readonly string[], ids: readonly (readonly number[])[]): string {
  const rows = topics.flatMap((topic, place) =>
    ids[place]!.map((id, partition) => `(${Number(id)}, '${topic}', ${partition})`),
  );
  return /* sql */ `create table public.place (partition_id, topic, partition) as values ${rows.join(', ')}`;
}

export const OPEN_ACCOUNTS = /* sql */ `insert into public.account select n, $2 from generate_series(1, $1::integer) n`;

const PUBLISHED = /* sql */ `insert into public.published (workload, id, records, amount) values ($1, $2, $3, $4)`;
const MOVE_MONEY = /* sql */ `update public.account set balance = balance + $2 where id = $1`;
const EFFECTS = /* sql */ `
  insert into public.effect (group_id, partition, record_offset, value, process)
  select $1, $2, o, v, $5 from unnest($3::bigint[], $4::text[]) u(o, v)`;
const TRANSACTION_ID = /* sql */ `select pg_current_xact_id()::text as xid`;

type Transaction = QueryHandle;

/** The row that goes with so many records. */
export async function insertPublished(
  transaction: Transaction,
  row: { readonly workload: Publishing; readonly id: string; readonly records: number; readonly amount: number },
): Promise<void> {
  await transaction.query(PUBLISHED, [row.workload, row.id, row.records, row.amount]);
}

export async function moveMoney(transaction: Transaction, account: number, amount: number): Promise<void> {
  await transaction.query(MOVE_MONEY, [account, amount]);
}

/** What a handler leaves behind for each record. */
export async function insertEffects(
  transaction: Transaction,
  where: { readonly group: HandlingGroup; readonly partition: number; readonly process: string },
  records: readonly { readonly offset: string; readonly value: string }[],
): Promise<void> {
  await transaction.query(EFFECTS, [
    where.group,
    where.partition,
    records.map(({ offset }) => offset),
    records.map(({ value }) => value),
    where.process,
  ]);
}

export async function transactionId(transaction: Transaction): Promise<string> {
  const { rows } = await transaction.query(TRANSACTION_ID, []);
  return String((rows[0] as { xid: unknown }).xid);
}

export const BEGIN = {
  readCommitted: /* sql */ `begin isolation level read committed`,
  repeatableRead: /* sql */ `begin isolation level repeatable read`,
  serializable: /* sql */ `begin isolation level serializable`,
} as const;
export const COMMIT = /* sql */ `commit`;
export const ROLLBACK = /* sql */ `rollback`;
export const SAVEPOINT = /* sql */ `savepoint ghost`;
export const ROLLBACK_TO_SAVEPOINT = /* sql */ `rollback to savepoint ghost`;
