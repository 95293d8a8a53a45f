/** Appending to the log of one broker. The lock, the fence and the offset are inside `sql/functions/append_v1.sql`. */
import { errorCodeOf, type ErrorCode } from '../errors/error-code.js';
import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { offset, type Offset } from '../record/offset.js';

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
  /** How many replicas were in sync; undefined when the batch is not stored. */
  readonly isrSize?: number | undefined;
}

/** Followers hear of what they have to copy: on this channel, from this sender. */
export interface CopyWakeUps {
  readonly channel: string;
  readonly sender: string;
}

/**
 * The notification goes out with the commit, which spares followers the time of a statement. It holds up the server's other ones until it is on disk.
 */
const APPEND: Statement = {
  name: 'append',
  text: /* sql */ `
    select a.*, case when a.is_replicated and $11::text is not null then pg_notify($11, $12 || ':' || a.partition_id) end
      from postlog.append_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) a`,
};

/**
 * Appends one batch to each of several partitions: one call, one commit, an answer for each. `needsIsr` refuses where fewer replicas
 * are in sync than the topic demands (rule B15). `wakeUps`: followers of replicated ones are woken as it commits.
 */
export async function append(
  database: Database,
  batches: readonly BatchToAppend[],
  { needsIsr = false, wakeUps }: { readonly needsIsr?: boolean; readonly wakeUps?: CopyWakeUps } = {},
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
    wakeUps?.channel ?? null,
    wakeUps?.sender ?? null,
  ]);
  return rows.map((row) => ({
    partitionId: row.partition_id,
    error: row.error_code === 0 ? undefined : errorCodeOf(row.error_code),
    baseOffset: row.base_offset === null ? undefined : offset(row.base_offset),
    logStartOffset: row.log_start_offset === null ? undefined : offset(row.log_start_offset),
    leaderEpoch: row.leader_epoch ?? undefined,
    isReplicated: row.is_replicated ?? false,
    isrSize: row.isr_size ?? undefined,
  }));
}

interface AppendRow {
  readonly partition_id: number;
  readonly error_code: number;
  readonly base_offset: bigint | null;
  readonly log_start_offset: bigint | null;
  readonly leader_epoch: number | null;
  readonly is_replicated: boolean | null;
  readonly isr_size: number | null;
}
