import { errorCodeOf, type ErrorCode } from '../errors/error-code.js';
import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { offset, type Offset } from '../record/offset.js';
import type { Failure } from './dead-letter-headers.js';

/** Who owns a partition in a group, as far as it knows; compared with what the database says in each change. */
export interface PartitionOwner {
  readonly groupId: string;
  readonly memberId: string;
  readonly partitionId: number;
  readonly ownerEpoch: number;
}

export interface RecordToPark {
  readonly offset: Offset;
  readonly key: Buffer;
  /** The record alone, as a batch. */
  readonly batch: Buffer;
  /** Undefined: it only waits for an earlier one of its key. */
  readonly failure: Failure | undefined;
  readonly delayMs: number;
}

/** A parked record without its content. */
export interface ParkedRow {
  readonly partitionId: number;
  readonly offset: Offset;
  readonly key: Buffer;
  readonly attempts: number;
  readonly errorName: string | null;
  readonly errorMessage: string | null;
  readonly handlerId: string | null;
  /** Milliseconds since 1970, on the database's clock. */
  readonly parkedAt: number;
  /** Until its next attempt, if it is the first of its key then; not positive: now. */
  readonly dueInMs: number;
  readonly isDiscarded: boolean;
}

const PARK: Statement = {
  name: 'park_record',
  text: /* sql */ `select postlog.park_record_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as error_code`,
};

const FINISH: Statement = {
  name: 'finish_parked',
  text: /* sql */ `select postlog.settle_parked_v1($1, $2, $3, $4, $5) as error_code`,
};

const DEFER: Statement = {
  name: 'defer_parked',
  text: /* sql */ `select postlog.settle_parked_v1($1, $2, $3, $4, $5, $6, $7, $8, $9) as error_code`,
};

const LIST: Statement = {
  name: 'list_parked',
  text: /* sql */ `
    select p.partition_id, p.record_offset, p.record_key, p.attempts, p.error_name, p.error_message, p.handler_id,
           extract(epoch from p.parked_at)::double precision * 1000 as parked_at,
           extract(epoch from p.retry_at - clock_timestamp())::double precision * 1000 as due_in_ms, p.is_discarded
      from postlog.parked_record p
     where p.group_id = $1
       and p.partition_id = any ($2::integer[])
     order by p.partition_id, p.record_offset`,
};

const READ: Statement = {
  name: 'read_parked',
  text: /* sql */ `
    select p.batch from postlog.parked_record p where p.group_id = $1 and p.partition_id = $2 and p.record_offset = $3`,
};

const RELEASE: Statement = {
  name: 'release_parked',
  text: /* sql */ `
    update postlog.parked_record p
       set retry_at = clock_timestamp(), is_discarded = p.is_discarded or $5
     where p.group_id = $1
       and p.partition_id = any ($2::integer[])
       and ($3::bytea is null or p.record_key = $3)
       and ($4::bigint is null or p.record_offset = $4)
    returning p.record_offset`,
};

/** Parks a record, once. Answers `FENCED_MEMBER_EPOCH`, or `BUFFER_EXHAUSTED` when so many wait already. */
export async function parkRecord(
  database: Database,
  owner: PartitionOwner,
  record: RecordToPark,
  maxParked: number,
): Promise<ErrorCode | undefined> {
  const { failure } = record;
  return outcomeOf(
    await database.one<{ error_code: number }>(PARK, [
      ...fence(owner),
      record.offset,
      record.key,
      record.batch,
      failure?.attempts ?? 0,
      failure?.errorName ?? null,
      failure?.errorMessage ?? null,
      failure?.handlerId ?? null,
      record.delayMs,
      maxParked,
    ]),
  );
}

/** The record is done. Answers `FENCED_MEMBER_EPOCH` when it is another's by now. */
export async function finishParked(
  database: Database,
  owner: PartitionOwner,
  at: Offset,
): Promise<ErrorCode | undefined> {
  return outcomeOf(await database.one<{ error_code: number }>(FINISH, [...fence(owner), at]));
}

/** The record failed again. Answers as `finishParked`. */
export async function deferParked(
  database: Database,
  owner: PartitionOwner,
  at: Offset,
  { failure, delayMs }: { readonly failure: Failure; readonly delayMs: number },
): Promise<ErrorCode | undefined> {
  const { attempts, errorName, errorMessage } = failure;
  return outcomeOf(
    await database.one<{ error_code: number }>(DEFER, [
      ...fence(owner),
      at,
      attempts,
      errorName,
      errorMessage,
      delayMs,
    ]),
  );
}

/** What a group has parked of these partitions, by partition and offset. */
export async function listParked(
  database: Database,
  groupId: string,
  partitionIds: readonly number[],
): Promise<ParkedRow[]> {
  const rows = await database.query<ListRow>(LIST, [groupId, partitionIds]);
  return rows.map((row) => ({
    partitionId: row.partition_id,
    offset: offset(row.record_offset),
    key: row.record_key,
    attempts: row.attempts,
    errorName: row.error_name,
    errorMessage: row.error_message,
    handlerId: row.handler_id,
    parkedAt: Math.round(row.parked_at),
    dueInMs: row.due_in_ms,
    isDiscarded: row.is_discarded,
  }));
}

/** The record as a batch; undefined when it is parked no more. */
export async function readParked(
  database: Database,
  { groupId, partitionId }: Pick<PartitionOwner, 'groupId' | 'partitionId'>,
  at: Offset,
): Promise<Buffer | undefined> {
  const [row] = await database.query<{ batch: Buffer }>(READ, [groupId, partitionId, at]);
  return row?.batch;
}

/** Has records handled now, or, discarded, become dead letters; their owner does it. Answers how many were meant. */
export async function releaseParked(
  database: Database,
  groupId: string,
  partitionIds: readonly number[],
  chosen: { readonly key: Buffer | null; readonly offset: Offset | null; readonly isDiscarded: boolean },
): Promise<number> {
  const rows = await database.query(RELEASE, [groupId, partitionIds, chosen.key, chosen.offset, chosen.isDiscarded]);
  return rows.length;
}

function fence({ groupId, memberId, partitionId, ownerEpoch }: PartitionOwner): unknown[] {
  return [groupId, memberId, partitionId, ownerEpoch];
}

function outcomeOf({ error_code }: { readonly error_code: number }): ErrorCode | undefined {
  return error_code === 0 ? undefined : errorCodeOf(error_code);
}

interface ListRow {
  readonly partition_id: number;
  readonly record_offset: bigint;
  readonly record_key: Buffer;
  readonly attempts: number;
  readonly error_name: string | null;
  readonly error_message: string | null;
  readonly handler_id: string | null;
  readonly parked_at: number;
  readonly due_in_ms: number;
  readonly is_discarded: boolean;
}
