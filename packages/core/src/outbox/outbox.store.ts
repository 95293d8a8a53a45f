import type { CopyRow } from '../postgres/copy-out.js';
import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { errorCodeOf, type ErrorCode } from '../errors/error-code.js';
import type { ComposedBatch } from './compose-batches.js';
import type { OutboxPlan, PlannedRow } from './outbox-plan.js';

/** What the sequencer leaves behind with a page: what is in the log now, and how far a window that is not finished is done. */
export interface NextMark {
  readonly sequenced: string;
  readonly windowSnapshot: string | null;
  readonly doneTransaction: number;
  readonly doneId: number;
}

/** Compared in the call that moves the mark. */
export interface SequencerFence {
  readonly leaseEpoch: bigint;
  readonly mark: bigint;
}

/** What became of one composed batch. */
export interface SequencedBatch {
  readonly partitionId: number;
  readonly error: ErrorCode | undefined;
}

const REGISTER: Statement = {
  name: 'register_outbox',
  text: /* sql */ `select postlog.register_outbox_v1() as place`,
};

const BIND: Statement = {
  name: 'bind_outbox',
  text: /* sql */ `select * from postlog.bind_outbox_v1($1)`,
};

const READ: Statement = {
  name: 'read_outbox',
  text: /* sql */ `select * from postlog.read_outbox_v1($1, $2)`,
};

const READ_BATCHES: Statement = {
  name: 'read_outbox_batches',
  text: /* sql */ `
    select o.id, o.batch
      from postlog.outbox o
     where o.slot = any ($1::integer[]) and o.xid = any ($2::xid8[]) and o.id between $3 and $4`,
};

const SEQUENCE: Statement = {
  name: 'sequence_outbox',
  text: /* sql */ `select * from postlog.sequence_outbox_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
};

const UNSEQUENCED: Statement = {
  name: 'unsequenced_transactions',
  text: /* sql */ `
    select x.xid
      from unnest($1::text[]) x(xid)
     where not pg_visible_in_snapshot(x.xid::xid8, (select m.sequenced from postlog.outbox_mark m order by m.mark desc limit 1))
        or exists (select from postlog.composed_batch b where b.partition_id = any ($2::integer[]))`,
};

const TRUNCATE: Statement = {
  name: 'truncate_outbox',
  text: /* sql */ `select postlog.truncate_outbox_v1($1) as emptied`,
};

/** Where this database is, as `publish.store.ts` compares it; in a copy of a database the outbox begins anew. */
export async function registerOutbox(database: Database): Promise<string> {
  return (await database.one<{ place: string }>(REGISTER)).place;
}

/** Makes a database an application of a cluster: where it is, and the producer id of its records. @throws PostlogError `UNREGISTERED_DATABASE` */
export async function bindOutbox(
  database: Database,
  clusterId: string,
): Promise<{ readonly place: string; readonly producerId: bigint }> {
  const { place, producer_id } = await database.one<{ place: string; producer_id: bigint }>(BIND, [clusterId]);
  return { place, producerId: producer_id };
}

/** What to append next, and the first batches of it. */
export async function readOutbox(
  database: Database,
  limits: { readonly maxRows: number; readonly maxBytes: number },
): Promise<OutboxPlan> {
  const [header, ...rows] = await database.copyOut(READ, [limits.maxRows, limits.maxBytes]);
  return {
    mark: header![9]!.readBigInt64BE(),
    isUnderWay: numberIn(header![3]) > 0,
    sequenced: header![10]!.toString(),
    windowSnapshot: header![11]!.toString(),
    rows: rows.map(plannedRow),
    isWhole: rows.length < limits.maxRows,
  };
}

/** The batches of planned rows, by row id. */
export async function readBatches(
  database: Database,
  rows: readonly PlannedRow[],
): Promise<ReadonlyMap<number, Buffer>> {
  let lowest = Infinity;
  let highest = 0;
  for (const { id } of rows) {
    if (id < lowest) lowest = id;
    if (id > highest) highest = id;
  }
  const found = await database.copyOut(READ_BATCHES, [
    [...new Set(rows.map(({ slot }) => slot))],
    [...new Set(rows.map(({ xid }) => xid))],
    lowest,
    highest,
  ]);
  return new Map(found.map((row) => [numberIn(row[0]), row[1]!]));
}

/** Appends the rounds and moves the mark; undefined when another sequencer was here, and nothing happened. */
export async function sequence(
  database: Database,
  fence: SequencerFence,
  next: NextMark,
  rounds: readonly (readonly ComposedBatch[])[],
): Promise<SequencedBatch[] | undefined> {
  const batches = rounds.flat();
  let end = 0;
  const rows = await database.query<{ partition_id: number | null; error_code: number }>(SEQUENCE, [
    fence.leaseEpoch,
    fence.mark,
    next.sequenced,
    next.windowSnapshot,
    next.doneTransaction,
    next.doneId,
    rounds.map((round) => (end += round.length)),
    batches.map(({ partitionId }) => partitionId),
    batches.map(({ recordCount }) => recordCount),
    batches.map(({ maxTimestamp }) => maxTimestamp),
    batches.map(({ bytes }) => bytes.length),
    batches.length === 1 ? batches[0]!.bytes : Buffer.concat(batches.map(({ bytes }) => bytes)),
  ]);
  if (rows.some(({ partition_id }) => partition_id === null)) return undefined;
  return rows.map(({ partition_id, error_code }) => ({
    partitionId: partition_id!,
    error: error_code === 0 ? undefined : errorCodeOf(error_code),
  }));
}

/** Which of these transactions have records for these partitions that are not in the log yet, as far as the mark and what is composed say. */
export async function unsequenced(
  database: Database,
  xids: readonly string[],
  partitionIds: readonly number[],
): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ xid: string }>(UNSEQUENCED, [xids, partitionIds]);
  return new Set(rows.map(({ xid }) => xid));
}

/** Empties slots that are done with. @throws PostlogError, retriable: an open transaction holds the slot. */
export async function truncateOutbox(database: Database, leaseEpoch: bigint): Promise<number> {
  return (await database.one<{ emptied: number }>(TRUNCATE, [leaseEpoch])).emptied;
}

/** Columns as read_outbox_v1 names them. */
function plannedRow(row: CopyRow): PlannedRow {
  return {
    id: numberIn(row[0]),
    slot: row[1]!.readInt32BE(),
    xid: row[2]!.readBigInt64BE(),
    lastId: numberIn(row[3]),
    partitionId: row[4]!.readInt32BE(),
    recordCount: row[5]!.readInt32BE(),
    maxBatchBytes: row[6]!.readInt32BE(),
    size: row[7]!.readInt32BE(),
    batch: row[8] ?? undefined,
  };
}

/** Ids come from a sequence: none will ever be too large for a number. */
function numberIn(column: Buffer | null | undefined): number {
  return Number(column!.readBigInt64BE());
}
