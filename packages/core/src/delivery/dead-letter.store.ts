import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { offset, type Offset } from '../record/offset.js';

/** Where a dead letter is stored. */
export interface DeadLetterPlace {
  readonly partitionId: number;
  readonly offset: Offset;
}

/** Records that go back to one partition. */
export interface RequeuedBatch {
  readonly partitionId: number;
  readonly recordCount: number;
  readonly maxTimestamp: number;
  readonly bytes: Buffer;
}

const REQUEUE: Statement = {
  name: 'requeue_dead_letters',
  text: /* sql */ `select postlog.requeue_dead_letters_v1($1, $2, $3, $4, $5, $6, $7)`,
};

const NOTE_HANDLED: Statement = {
  name: 'note_handled_dead_letters',
  text: /* sql */ `
    insert into postlog.handled_dead_letter (partition_id, record_offset)
    select l.partition_id, l.record_offset
      from unnest($1::integer[], $2::bigint[]) l(partition_id, record_offset)
     order by l.partition_id, l.record_offset
    on conflict do nothing`,
};

const LIST_HANDLED: Statement = {
  name: 'list_handled_dead_letters',
  text: /* sql */ `select record_offset from postlog.handled_dead_letter where partition_id = $1`,
};

const FORGET_HANDLED: Statement = {
  name: 'forget_handled_dead_letters',
  text: /* sql */ `delete from postlog.handled_dead_letter where partition_id = $1 and record_offset < $2`,
};

/**
 * Appends records again and notes their dead letters as handled: both, or neither. `batches` ascend by partition, one each.
 *
 * @throws PostlogError, retriable when somebody else handled one of them
 */
export async function requeueDeadLetters(
  database: Database,
  letters: readonly DeadLetterPlace[],
  batches: readonly RequeuedBatch[],
): Promise<void> {
  await database.query(REQUEUE, [
    letters.map(({ partitionId }) => partitionId),
    letters.map((letter) => letter.offset),
    batches.map(({ partitionId }) => partitionId),
    batches.map(({ recordCount }) => recordCount),
    batches.map(({ maxTimestamp }) => maxTimestamp),
    batches.map(({ bytes }) => bytes.length),
    Buffer.concat(batches.map(({ bytes }) => bytes)),
  ]);
}

/** From now on these are not listed. */
export async function noteHandled(database: Database, letters: readonly DeadLetterPlace[]): Promise<void> {
  await database.query(NOTE_HANDLED, [
    letters.map(({ partitionId }) => partitionId),
    letters.map((letter) => letter.offset),
  ]);
}

/** Offsets of a partition's dead letters that were dealt with and are in the log still. */
export async function handledOffsets(database: Database, partitionId: number): Promise<ReadonlySet<Offset>> {
  const rows = await database.query<{ record_offset: bigint }>(LIST_HANDLED, [partitionId]);
  return new Set(rows.map(({ record_offset }) => offset(record_offset)));
}

/** What is before the log start needs no note. */
export async function forgetHandled(database: Database, partitionId: number, logStart: Offset): Promise<void> {
  await database.query(FORGET_HANDLED, [partitionId, logStart]);
}
