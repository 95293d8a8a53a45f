import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import type { NextMark, SequencerFence } from './outbox.store.js';

/** A batch that will be sent as it is, by whoever is the sequencer, until it is stored. */
export interface KeptBatch {
  readonly batchNumber: bigint;
  readonly partitionId: number;
  readonly bytes: Buffer;
}

const COMPOSE: Statement = {
  name: 'compose_outbox',
  text: /* sql */ `select postlog.compose_outbox_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as numbers`,
};

const READ_KEPT: Statement = {
  name: 'read_composed_batches',
  text: /* sql */ `select batch_number, partition_id, batch from postlog.composed_batch order by batch_number`,
};

const READ_SEQUENCES: Statement = {
  name: 'read_outbox_sequences',
  text: /* sql */ `
    select distinct on (partition_id) partition_id, next_sequence
      from postlog.outbox_sequence
     order by partition_id, mark desc`,
};

const FORGET_BATCHES: Statement = {
  name: 'forget_composed_batches',
  text: /* sql */ `delete from postlog.composed_batch where batch_number = any ($1)`,
};

const FORGET_SEQUENCES: Statement = {
  name: 'forget_outbox_sequences',
  text: /* sql */ `
    delete from postlog.outbox_sequence s
     where exists (select from postlog.outbox_sequence n where n.partition_id = s.partition_id and n.mark > s.mark)`,
};

/** Keeps batches and moves the mark, both or neither: the batches' numbers; undefined when another sequencer was here, and nothing happened. */
export async function keepBatches(
  database: Database,
  fence: SequencerFence,
  next: NextMark,
  batches: readonly { readonly partitionId: number; readonly bytes: Buffer }[],
  sequences: ReadonlyMap<number, bigint>,
): Promise<bigint[] | undefined> {
  const { numbers } = await database.one<{ numbers: number[] | null }>(COMPOSE, [
    fence.leaseEpoch,
    fence.mark,
    next.sequenced,
    next.windowSnapshot,
    next.doneTransaction,
    next.doneId,
    batches.map(({ partitionId }) => partitionId),
    batches.map(({ bytes }) => bytes.length),
    Buffer.concat(batches.map(({ bytes }) => bytes)),
    [...sequences.keys()],
    [...sequences.values()],
  ]);
  return numbers?.map(BigInt);
}

/** What is to be sent still, in order. */
export async function readKeptBatches(database: Database): Promise<KeptBatch[]> {
  const rows = await database.copyOut(READ_KEPT, []);
  return rows.map(([batchNumber, partitionId, bytes]) => ({
    batchNumber: batchNumber!.readBigInt64BE(),
    partitionId: partitionId!.readInt32BE(),
    bytes: bytes!,
  }));
}

/** The sequence of the next record for each partition that there were records for. */
export async function readSequences(database: Database): Promise<Map<number, bigint>> {
  const rows = await database.query<{ partition_id: number; next_sequence: bigint }>(READ_SEQUENCES);
  return new Map(rows.map(({ partition_id, next_sequence }) => [partition_id, next_sequence]));
}

/** They are on the brokers. */
export async function forgetBatches(database: Database, batchNumbers: readonly bigint[]): Promise<void> {
  await database.query(FORGET_BATCHES, [batchNumbers]);
}

/** Deletes sequences that newer ones stand above. */
export async function forgetSequences(database: Database): Promise<void> {
  await database.query(FORGET_SEQUENCES);
}
