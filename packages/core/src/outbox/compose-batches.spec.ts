import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import { NO_PRODUCER, verifyBatch } from '../record/record-batch.js';
import { composeBatches, type ComposedBatch, type ReadRow } from './compose-batches.js';

let lastId = 0;

async function row(partitionId: number, values: readonly string[], given: Partial<ReadRow> & { lz4?: true } = {}) {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append({ value }, 1_000 + values.length);
  const batch = await builder.build({ compression: given.lz4 === true ? 'lz4' : 'none', ...NO_PRODUCER });
  lastId += 1;
  return {
    id: lastId,
    slot: 0,
    xid: 1n,
    lastId,
    partitionId,
    recordCount: values.length,
    maxBatchBytes: 100_000,
    size: batch.length,
    batch,
    ...given,
  };
}

const shown = (rounds: readonly (readonly ComposedBatch[])[]) =>
  rounds.map((round) =>
    round.map(({ partitionId, bytes, recordCount }) => {
      expect(verifyBatch(bytes).recordCount).toBe(recordCount);
      return `${partitionId}: ${decodeBatch(bytes, { baseOffset: 0n })
        .map(({ value }) => String(value))
        .join(' ')}`;
    }),
  );

describe('batches composed from the outbox', () => {
  it('hold the records of many rows in their order, a batch a partition, partitions ascending', async () => {
    const rows = [await row(7, ['a']), await row(3, ['b', 'c']), await row(7, ['d', 'e']), await row(3, ['f'])];
    const rounds = await composeBatches(rows);
    expect(shown(rounds)).toEqual([['3: b c f', '7: a d e']]);
    expect(rounds[0]!.map(({ maxTimestamp }) => maxTimestamp)).toEqual([1_002, 1_002]);
    expect(await composeBatches([])).toEqual([]);
  });

  it('stay below the size that a topic takes: what is over it comes in a later round', async () => {
    const small = { maxBatchBytes: 61 + 4 * 40 };
    const rows = [await row(1, ['a'], small), await row(2, ['b'])];
    for (const value of ['c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k']) rows.push(await row(1, [value], small));
    const rounds = await composeBatches(rows);
    expect(rounds.length).toBeGreaterThan(1);
    expect(rounds[0]!.map(({ partitionId }) => partitionId)).toEqual([1, 2]);
    for (const { partitionId, bytes } of rounds.flat()) {
      if (partitionId === 1) expect(bytes.length).toBeLessThanOrEqual(small.maxBatchBytes);
    }
    expect(
      shown(rounds)
        .flat()
        .filter((text) => text.startsWith('1'))
        .map((text) => text.slice(3))
        .join(' '),
    ).toBe('a c d e f g h i j k');
  });

  it('leave a row that was compressed as it is, between its neighbours', async () => {
    const large = await row(1, ['b'.repeat(5_000), 'c'], { lz4: true });
    const rounds = await composeBatches([await row(1, ['a']), large, await row(1, ['d']), await row(1, ['e'])]);
    expect(rounds).toHaveLength(3);
    expect(rounds[1]![0]!.bytes).toBe(large.batch);
    expect(shown(rounds).at(-1)).toEqual(['1: d e']);
  });

  it('are compressed where that is worth while', async () => {
    const rows = await Promise.all(Array.from({ length: 100 }, () => row(1, ['x'.repeat(100)])));
    const [[batch]] = (await composeBatches(rows)) as [[ComposedBatch]];
    expect(verifyBatch(batch.bytes).compression).toBe('lz4');
  });

  it('are refused when a row is not what was written', async () => {
    for (const place of [0, 1]) {
      const rows = [await row(1, ['a']), await row(1, ['b'])];
      rows[place]!.batch[68]! ^= 1;
      await expect(composeBatches(rows)).rejects.toMatchObject({ code: 'CORRUPT_MESSAGE' });
    }
  });
});
