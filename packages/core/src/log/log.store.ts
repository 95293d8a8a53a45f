/**
 * The log of one broker: read batches back, see where partitions begin and end. `append.store.ts` appends them.
 *
 * The lock, the fence and the offset are inside the functions of `sql/functions`; this room only calls them. It does not
 * know topics by name, nor who waits for what.
 *
 * I1  Offsets of a partition are dense and never given twice.
 * I2  A batch is returned byte for byte as it was appended.
 */
import { errorCodeOf, type ErrorCode } from '../errors/error-code.js';
import { offset, type Offset } from '../record/offset.js';
import type { CopyRow } from '../postgres/copy-out.js';
import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';

export interface PartitionToRead {
  readonly partitionId: number;
  readonly fetchOffset: Offset;
  /** What the reader believes in (rule C20); left out: nothing. */
  readonly leaderEpoch?: number;
}

export interface StoredBatch {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly leaderEpoch: number;
  readonly bytes: Buffer;
  readonly maxTimestamp: bigint;
  /** -1 without idempotence. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Counts on where the wire's 31 bits wrap. */
  readonly baseSequence: bigint;
}

/** What was read for the request at `index`; requests without news have no answer. */
export interface ReadPartition {
  readonly index: number;
  readonly partitionId: number;
  readonly error: ErrorCode | undefined;
  readonly logStartOffset: Offset | undefined;
  readonly highWatermark: Offset | undefined;
  readonly batches: StoredBatch[];
}

export interface LogEnds {
  readonly partitionId: number;
  readonly role: 'leader' | 'follower';
  readonly leaderEpoch: number;
  /** First offset of this leader epoch; until the high watermark has reached it, the latest offset is not known (rule C24). */
  readonly epochStartOffset: Offset;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
  readonly isrSize: number;
  readonly minIsr: number;
}

/** Ends by itself after five seconds of reading, with what it has. */
const FETCH: Statement = {
  name: 'fetch',
  text: /* sql */ `select * from postlog.fetch_v1($1, $2, $3, $4, $5, $6, clock_timestamp() + interval '5 s')`,
};

const LOG_ENDS: Statement = {
  name: 'log_ends',
  text: /* sql */ `
    select e.partition_id, case when e.lead_until <= clock_timestamp() then 'follower' else e.role end as role, e.leader_epoch,
           e.log_start_offset, e.log_end_offset, e.high_watermark, cardinality(r.isr) as isr_size, r.min_isr,
           coalesce((select s.start_offset from postlog.leader_epoch s
                      where s.partition_id = e.partition_id and s.leader_epoch = e.leader_epoch), 0) as epoch_start_offset
      from postlog.log_ends_v1($1) e
      join postlog.replica r using (partition_id)`,
};

const BATCH_AT_TIME: Statement = {
  name: 'batch_at_time',
  text: /* sql */ `select base_offset, last_offset, batch from postlog.batch_at_time_v1($1, $2, $3)`,
};

const ADVANCE_LOG_START: Statement = {
  name: 'advance_log_start',
  text: /* sql */ `select error_code, log_start_offset from postlog.advance_log_start_v1($1, $2)`,
};

/** Who reads: a consumer at the leader, a follower (to the log's end), or a consumer at whichever replica is near. */
const READER = { consumer: 0, follower: 1, 'nearby consumer': 2 } as const;

/** Reads many partitions under one snapshot; at least one whole batch when there is any. */
export async function read(
  database: Database,
  requests: readonly PartitionToRead[],
  limits: { readonly partitionMaxBytes: number; readonly maxBytes: number },
  reader: keyof typeof READER = 'consumer',
): Promise<ReadPartition[]> {
  const rows = await database.copyOut(FETCH, [
    requests.map((r) => r.partitionId),
    requests.map((r) => r.fetchOffset),
    requests.map((r) => r.leaderEpoch ?? -1),
    READER[reader],
    limits.partitionMaxBytes,
    limits.maxBytes,
  ]);
  return groupByRequest(rows);
}

/** Where logs begin and end; partitions that this broker does not have are left out. */
export async function logEnds(database: Database, partitionIds: readonly number[]): Promise<LogEnds[]> {
  const rows = await database.query<LogEndsRow>(LOG_ENDS, [partitionIds]);
  return rows.map((row) => ({
    partitionId: row.partition_id,
    role: row.role,
    leaderEpoch: row.leader_epoch,
    epochStartOffset: offset(row.epoch_start_offset),
    logStartOffset: offset(row.log_start_offset),
    logEndOffset: offset(row.log_end_offset),
    highWatermark: offset(row.high_watermark),
    isrSize: row.isr_size,
    minIsr: row.min_isr,
  }));
}

/** Moves a log start forward, never back; answers an error or the log start that holds now. */
export async function advanceLogStart(
  database: Database,
  partitionId: number,
  to: Offset,
): Promise<{ error: ErrorCode | undefined; logStartOffset: Offset | undefined }> {
  const row = await database.one<{ error_code: number; log_start_offset: bigint | null }>(ADVANCE_LOG_START, [
    partitionId,
    to,
  ]);
  return {
    error: row.error_code === 0 ? undefined : errorCodeOf(row.error_code),
    logStartOffset: row.log_start_offset === null ? undefined : offset(row.log_start_offset),
  };
}

/** The first batch from an offset on that holds a record not older than a time; undefined when there is none. */
export async function batchAtTime(
  database: Database,
  partitionId: number,
  from: Offset,
  timestamp: number,
): Promise<{ readonly baseOffset: Offset; readonly lastOffset: Offset; readonly bytes: Buffer } | undefined> {
  const [row] = await database.query<{ base_offset: bigint; last_offset: bigint; batch: Buffer }>(BATCH_AT_TIME, [
    partitionId,
    from,
    timestamp,
  ]);
  if (row === undefined) return undefined;
  return { baseOffset: offset(row.base_offset), lastOffset: offset(row.last_offset), bytes: row.batch };
}

/** Columns as fetch_v1 names them. */
function groupByRequest(rows: readonly CopyRow[]): ReadPartition[] {
  const answers = new Map<number, ReadPartition>();
  for (const row of rows) {
    const index = row[0]!.readInt32BE() - 1;
    let answer = answers.get(index);
    if (answer === undefined) {
      const code = row[1]!.readInt32BE();
      answer = {
        index,
        partitionId: row[4]!.readInt32BE(),
        error: code === 0 ? undefined : errorCodeOf(code),
        logStartOffset: offsetIn(row[2]),
        highWatermark: offsetIn(row[3]),
        batches: [],
      };
      answers.set(index, answer);
    }
    const bytes = row[8];
    if (bytes != null) {
      answer.batches.push({
        baseOffset: offsetIn(row[5])!,
        lastOffset: offsetIn(row[6])!,
        leaderEpoch: row[7]!.readInt32BE(),
        bytes,
        maxTimestamp: row[9]!.readBigInt64BE(),
        producerId: row[10]!.readBigInt64BE(),
        producerEpoch: row[11]!.readInt32BE(),
        baseSequence: row[12]!.readBigInt64BE(),
      });
    }
  }
  return [...answers.values()];
}

function offsetIn(column: Buffer | null | undefined): Offset | undefined {
  return column == null ? undefined : offset(column.readBigInt64BE());
}

interface LogEndsRow {
  readonly partition_id: number;
  readonly role: 'leader' | 'follower';
  readonly leader_epoch: number;
  readonly epoch_start_offset: bigint;
  readonly log_start_offset: bigint;
  readonly log_end_offset: bigint;
  readonly high_watermark: bigint;
  readonly isr_size: number;
  readonly min_isr: number;
}
