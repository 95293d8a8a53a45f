/**
 * The log of one broker: append batches, read them back, see where partitions begin and end.
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

export interface BatchToAppend {
  readonly partitionId: number;
  /** The epoch the sender believes in; -1 when it knows none. */
  readonly leaderEpoch: number;
  readonly recordCount: number;
  readonly maxTimestamp: number;
  /** -1 without idempotence. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly bytes: Buffer;
}

export interface Appended {
  readonly partitionId: number;
  /** Undefined when the batch is stored. */
  readonly error: ErrorCode | undefined;
  /** Where the batch is; also for a repeat of one that was stored before. */
  readonly baseOffset: Offset | undefined;
  readonly logStartOffset: Offset | undefined;
  /** Of the leader that has them. */
  readonly leaderEpoch: number | undefined;
  /** Other brokers hold the partition too, so that the high watermark may follow later. */
  readonly isReplicated: boolean;
}

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

const APPEND: Statement = {
  name: 'append',
  text: /* sql */ `select * from postlog.append_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
};

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

/**
 * Appends one batch to each of several partitions: one call, one commit, an answer for each. `needsIsr` refuses where fewer replicas
 * are in sync than the topic demands (rule B15).
 */
export async function append(
  database: Database,
  batches: readonly BatchToAppend[],
  needsIsr = false,
): Promise<Appended[]> {
  const sorted = [...batches].sort((a, b) => a.partitionId - b.partitionId);
  const rows = await database.query<AppendRow>(APPEND, [
    sorted.map((b) => b.partitionId),
    sorted.map((b) => b.leaderEpoch),
    sorted.map((b) => b.recordCount),
    sorted.map((b) => b.maxTimestamp),
    sorted.map((b) => b.producerId),
    sorted.map((b) => b.producerEpoch),
    sorted.map((b) => b.baseSequence),
    sorted.map((b) => b.bytes.length),
    sorted.length === 1 ? sorted[0]!.bytes : Buffer.concat(sorted.map((b) => b.bytes)),
    needsIsr,
  ]);
  return rows.map((row) => ({
    partitionId: row.partition_id,
    error: row.error_code === 0 ? undefined : errorCodeOf(row.error_code),
    baseOffset: row.base_offset === null ? undefined : offset(row.base_offset),
    logStartOffset: row.log_start_offset === null ? undefined : offset(row.log_start_offset),
    leaderEpoch: row.leader_epoch ?? undefined,
    isReplicated: row.is_replicated ?? false,
  }));
}

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

interface AppendRow {
  readonly partition_id: number;
  readonly error_code: number;
  readonly base_offset: bigint | null;
  readonly log_start_offset: bigint | null;
  readonly leader_epoch: number | null;
  readonly is_replicated: boolean | null;
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
