import fc from 'fast-check';
import { ByteCursor } from './byte-cursor.js';
import type { Message } from './messages.js';
import { MAX_MOVED_BYTES, moveRecord } from './move-record.js';
import { RecordBatchBuilder } from './record-batch-builder.js';
import { decodeBatch } from './record-batch-reader.js';
import { BATCH_HEADER_BYTES, NO_PRODUCER, verifyBatch } from './record-batch.js';

const plain = { compression: 'none', ...NO_PRODUCER } as const;

async function batchOf(messages: readonly Message[]): Promise<Buffer> {
  const builder = new RecordBatchBuilder({ initialBytes: 16 });
  for (const message of messages) builder.append(message, 1_000);
  return builder.build(plain);
}

async function moved(batches: readonly Buffer[]): Promise<Buffer> {
  const builder = new RecordBatchBuilder({ initialBytes: 16 });
  for (const batch of batches) builder.appendRecordsOf(batch);
  return builder.build(plain);
}

const message = fc.record({
  key: fc.option(fc.string({ maxLength: 70 })),
  value: fc.option(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))),
  timestamp: fc.integer({ min: 0, max: 2 ** 45 }).map(String),
  headers: fc.dictionary(fc.constantFrom('a', 'b'), fc.string({ maxLength: 5 })),
});

describe('records that are moved into another batch', () => {
  it('are what they were: as if they had been put there at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(message, { minLength: 1, maxLength: 5 }), { minLength: 1 }), async (sends) => {
        const bytes = await moved(await Promise.all(sends.map(batchOf)));
        expect(bytes).toEqual(await batchOf(sends.flat()));
      }),
    );
  });

  it('keep their order and get offsets one after another, also beyond what one byte holds', async () => {
    const batch = await batchOf(Array.from({ length: 100 }, (_, n) => ({ value: `${n}` })));
    const bytes = await moved([batch, batch, batch]);
    expect(verifyBatch(bytes).recordCount).toBe(300);
    const records = decodeBatch(bytes, { baseOffset: 7n });
    expect(records.map(({ offset }) => Number(offset))).toEqual(Array.from({ length: 300 }, (_, n) => 7 + n));
    expect(records.map(({ value }) => Number(value))).toEqual(Array.from({ length: 300 }, (_, n) => n % 100));
  });

  it('grow no more than the caller made room for, whatever time and place they come to', async () => {
    const batch = await batchOf([{ value: 'x'.repeat(50) }]);
    const place = { timestampShift: Number.MAX_SAFE_INTEGER, offset: 2 ** 31 - 1 };
    const end = moveRecord(new ByteCursor(batch, BATCH_HEADER_BYTES), Buffer.alloc(200), 0, place);
    const grown = end - (batch.length - BATCH_HEADER_BYTES);
    expect(grown).toBeGreaterThan(10);
    expect(grown).toBeLessThanOrEqual(MAX_MOVED_BYTES);
  });

  it('are refused when the bytes do not hold what they claim', async () => {
    const batch = await batchOf([{ value: 'a' }, { value: 'b' }]);
    const tooFew = Buffer.from(batch);
    tooFew.writeInt32BE(1, 57);
    const tooLong = Buffer.from(batch);
    tooLong[61] = 0x7e;
    for (const damaged of [tooFew, tooLong]) {
      await expect(moved([damaged])).rejects.toMatchObject({ code: 'CORRUPT_MESSAGE' });
    }
  });
});
