import type { UserTransaction } from '../postgres/user-transaction.js';
import { inSchema } from '../postgres/statement.js';

/** Records of one send for one partition. */
export interface OutboxRow {
  readonly partitionId: number;
  readonly recordCount: number;
  readonly maxBatchBytes: number;
  readonly batch: Buffer;
}

/** What a connection says of itself. */
export interface TransactionPlace {
  /** As `registerOutbox` answers it. */
  readonly place: string;
  readonly hasOutbox: boolean;
}

/**
 * Where the connection is, and a trace that lasts as long as the transaction: outside of one it is gone with this statement.
 * Everything is text, since applications may read other types in their own way.
 */
const PROBE = /* sql */ `
  select c.system_identifier || '/' || d.oid as place,
         coalesce(to_regclass('postlog.outbox_home')::text, '') as outbox,
         set_config('postlog.transaction', $1, true) as trace
    from pg_control_system() c, pg_database d
   where d.datname = current_database()`;

const PUBLISH = /* sql */ `
  insert into postlog.outbox (partition_id, record_count, max_batch_bytes, batch)
  values ($1, $2, $3, $4)
  returning xid::text as xid`;

/** Nothing is inserted where the trace is gone. `batches` are one after another. */
const PUBLISH_TRACED = /* sql */ `
  insert into postlog.outbox (partition_id, record_count, max_batch_bytes, batch)
  select r.partition_id, r.record_count, r.max_batch_bytes, substring($5::bytea from r.ends - r.size + 1 for r.size)
    from (select u.*, sum(u.size) over (order by u.place)::integer as ends
            from unnest($1::integer[], $2::integer[], $3::integer[], $4::integer[])
                 with ordinality u(partition_id, record_count, max_batch_bytes, size, place)) r
   where $6::text is null or current_setting('postlog.transaction', true) = $6
   order by r.place
  returning xid::text as xid`;

/** Asks the connection where it is, and leaves the trace. @throws PostlogError */
export async function probe(transaction: UserTransaction, schema: string, trace: string): Promise<TransactionPlace> {
  const [row] = await transaction.query<{ place: string; outbox: string }>(inSchema(PROBE, schema), [trace]);
  return {
    place: String(row?.place),
    hasOutbox: row !== undefined && row.outbox !== '',
  };
}

/**
 * Writes rows in the user's transaction, in order. With a trace, only if that is still there. Answers the transaction's id; undefined: nothing is written.
 *
 * @throws PostlogError
 */
export async function publish(
  transaction: UserTransaction,
  schema: string,
  rows: readonly OutboxRow[],
  trace: string | null,
): Promise<string | undefined> {
  const [first] = rows;
  if (trace === null && rows.length === 1 && first !== undefined) {
    const { partitionId, recordCount, maxBatchBytes, batch } = first;
    const values = [partitionId, recordCount, maxBatchBytes, batch];
    return (await transaction.query<{ xid: string }>(inSchema(PUBLISH, schema), values))[0]?.xid;
  }
  const written = await transaction.query<{ xid: string }>(inSchema(PUBLISH_TRACED, schema), [
    rows.map(({ partitionId }) => partitionId),
    rows.map(({ recordCount }) => recordCount),
    rows.map(({ maxBatchBytes }) => maxBatchBytes),
    rows.map(({ batch }) => batch.length),
    Buffer.concat(rows.map(({ batch }) => batch)),
    trace,
  ]);
  return written[0]?.xid;
}
