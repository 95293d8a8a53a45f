import type { EnteredTransaction } from '../outbox/transactional-outbox.js';
import type { OutboxRow } from '../outbox/publish.store.js';
import type { Database } from '../postgres/database.js';
import { inSchema, type Statement } from '../postgres/statement.js';

/** When a delivery is due, in milliseconds: since 1970, or from when it is written, on the database's clock. */
export type DueTime = { readonly deliverAt: number } | { readonly delayMs: number };

/** What one send hands over, to be appended when it is due: all of it or, when it is cancelled, nothing. */
export interface Delivery {
  /** A UUID. */
  readonly id: string;
  readonly due: DueTime;
  readonly rows: readonly OutboxRow[];
}

/** A delivery that was written. */
export interface WrittenDelivery {
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  /** The same from when it was written. */
  readonly dueInMs: number;
}

/** How far the releasing of deliveries is: see release_delayed_v1. */
export interface DelayMark {
  readonly due: bigint;
  readonly id: bigint;
  readonly seen: string | null;
}

/** What one look found. */
export interface Released {
  readonly moved: number;
  /** Another process has the lease. */
  readonly isFenced: boolean;
  /** A delivery that is due is being cancelled. */
  readonly isHeld: boolean;
  readonly mark: DelayMark;
  /** When the next one is due; undefined: not within the time that was looked ahead. */
  readonly nextInMs: number | undefined;
}

const DELAY = /* sql */ `select due_at, due_in_ms from postlog.delay_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`;
const CANCEL = /* sql */ `select postlog.cancel_delayed_v1($1, $2, $3)::text as was_to_come`;

const DELAY_ALONE: Statement = { name: 'delay', text: DELAY };
const CANCEL_ALONE: Statement = { name: 'cancel_delayed', text: CANCEL };

const RELEASE: Statement = {
  name: 'release_delayed',
  text: /* sql */ `select * from postlog.release_delayed_v1($1, $2, $3, $4, $5, $6)`,
};

interface DueRow {
  readonly due_at: string;
  readonly due_in_ms: string;
}

interface CancelRow {
  readonly was_to_come: string | null;
}

interface ReleasedRow {
  readonly moved: number;
  readonly is_fenced: boolean;
  readonly is_held: boolean;
  readonly done_due: bigint;
  readonly done_id: bigint;
  readonly seen: string | null;
  readonly next_in_ms: bigint | null;
}

/** Writes deliveries, in order, all or none. @throws PostlogError */
export async function delay(database: Database, deliveries: readonly Delivery[]): Promise<WrittenDelivery[]> {
  return (await database.query<DueRow>(DELAY_ALONE, parametersOf(deliveries, null, true))).map(writtenDelivery);
}

/** The same in a user's transaction; undefined where that is gone. @throws PostlogError, or errors that ask for the transaction again */
export async function delayIn(
  { transaction, trace }: EnteredTransaction,
  schema: string,
  delivery: Delivery,
): Promise<WrittenDelivery | undefined> {
  const [row] = await transaction.query<DueRow>(inSchema(DELAY, schema), parametersOf([delivery], trace, false));
  return row && writtenDelivery(row);
}

/** Withdraws a delivery; answers whether it was still to come. @throws PostlogError */
export async function cancelDelayed(database: Database, id: string): Promise<boolean> {
  return (await database.one<CancelRow>(CANCEL_ALONE, [null, true, id])).was_to_come === 'true';
}

/** The same in a user's transaction; undefined where that is gone. @throws PostlogError, or errors that ask for the transaction again */
export async function cancelDelayedIn(
  { transaction, trace }: EnteredTransaction,
  schema: string,
  id: string,
): Promise<boolean | undefined> {
  const [row] = await transaction.query<CancelRow>(inSchema(CANCEL, schema), [trace, false, id]);
  return row?.was_to_come == null ? undefined : row.was_to_come === 'true';
}

/** Moves what is due to the outbox, `most` deliveries at most. @throws PostlogError, after which nothing of `mark` is wrong */
export async function releaseDelayed(
  database: Database,
  leaseEpoch: bigint,
  mark: DelayMark,
  { most, lookAheadMs }: { readonly most: number; readonly lookAheadMs: number },
): Promise<Released> {
  const parameters = [leaseEpoch, mark.due, mark.id, mark.seen, most, lookAheadMs];
  const row = await database.one<ReleasedRow>(RELEASE, parameters);
  return {
    moved: row.moved,
    isFenced: row.is_fenced,
    isHeld: row.is_held,
    mark: { due: row.done_due, id: row.done_id, seen: row.seen },
    nextInMs: row.next_in_ms === null ? undefined : Math.max(0, Number(row.next_in_ms)),
  };
}

function parametersOf(deliveries: readonly Delivery[], trace: string | null, isOwn: boolean): unknown[] {
  const rows = deliveries.flatMap((delivery) => delivery.rows);
  return [
    trace,
    isOwn,
    deliveries.map(({ id }) => id),
    deliveries.map(({ due }) => ('deliverAt' in due ? due.deliverAt : null)),
    deliveries.map(({ due }) => ('delayMs' in due ? due.delayMs : null)),
    deliveries.map((delivery) => delivery.rows.length),
    rows.map(({ partitionId }) => partitionId),
    rows.map(({ recordCount }) => recordCount),
    rows.map(({ maxBatchBytes }) => maxBatchBytes),
    rows.map(({ batch }) => batch.length),
    Buffer.concat(rows.map(({ batch }) => batch)),
  ];
}

/** Everything is text: applications may read other types in their own way. */
function writtenDelivery({ due_at, due_in_ms }: DueRow): WrittenDelivery {
  return { dueAt: Number(due_at), dueInMs: Number(due_in_ms) };
}
