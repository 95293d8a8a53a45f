import fc from 'fast-check';
import type { Message } from './messages.js';
import { RecordBatchBuilder, estimateRecordBytes } from './record-batch-builder.js';
import { decodeBatch } from './record-batch-reader.js';
import { BATCH_HEADER_BYTES, verifyBatch } from './record-batch.js';

const PRODUCER = { producerId: 5n, producerEpoch: 1, baseSequence: 10 };

function builderWith(...messages: Message[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder({ initialBytes: 16 });
  for (const message of messages) builder.append(message, 1_000);
  return builder;
}

describe('RecordBatchBuilder', () => {
  it('counts records and bytes while it grows', async () => {
    const builder = builderWith();
    expect([builder.recordCount, builder.sizeInBytes, builder.maxTimestamp]).toEqual([0, BATCH_HEADER_BYTES, -1]);
    builder.append({ value: 'x'.repeat(100) }, 5);
    builder.append({ value: null, timestamp: '3' }, 9);
    expect([builder.recordCount, builder.maxTimestamp]).toEqual([2, 5]);
    expect(builder.sizeInBytes).toBe((await builder.build({ compression: 'none', ...PRODUCER })).length);
  });

  it('is not affected by what happens to a message after it was appended', async () => {
    const value = Buffer.from('before');
    const builder = builderWith({ value });
    value.write('after!');
    const batch = await builder.build({ compression: 'none', ...PRODUCER });
    expect(decodeBatch(batch, { baseOffset: 0n })[0]!.value!.toString()).toBe('before');
  });

  it.each(['none', 'lz4'] as const)(
    'builds again with other producer fields, %s, and leaves earlier bytes alone',
    async (compression) => {
      const builder = builderWith({ value: 'one' });
      const first = await builder.build({ compression, ...PRODUCER });
      const second = await builder.build({ compression, producerId: 6n, producerEpoch: 0, baseSequence: 0 });
      expect(verifyBatch(first)).toMatchObject(PRODUCER);
      expect(verifyBatch(second)).toMatchObject({ producerId: 6n, producerEpoch: 0, baseSequence: 0 });
      expect(decodeBatch(second, { baseOffset: 0n })).toEqual(decodeBatch(first, { baseOffset: 0n }));
    },
  );

  it.each(['none', 'gzip'] as const)('takes more records after a build, %s', async (compression) => {
    const builder = builderWith({ value: 'one' });
    const building = builder.build({ compression, ...PRODUCER });
    builder.append({ value: 'two' }, 2_000);
    expect(decodeBatch(await building, { baseOffset: 0n })).toHaveLength(1);
    const second = await builder.build({ compression, ...PRODUCER });
    expect(decodeBatch(second, { baseOffset: 0n }).map(({ value }) => String(value))).toEqual(['one', 'two']);
    expect(verifyBatch(await building).recordCount).toBe(1);
  });

  it('refuses to build a batch without records', async () => {
    await expect(builderWith().build({ compression: 'none', ...PRODUCER })).rejects.toThrow('[INVALID_REQUEST]');
  });

  it('refuses content that became something else after its check, and stays as it was', async () => {
    const builder = builderWith({ value: 'good' });
    const { sizeInBytes } = builder;
    for (const value of [{ length: 3 }, 7, () => 1, { length: 'x' }]) {
      expect(() => builder.append({ value } as never, 1)).toThrow('[INVALID_RECORD]');
    }
    expect([builder.recordCount, builder.sizeInBytes]).toEqual([1, sizeInBytes]);
    expect(decodeBatch(await builder.build({ compression: 'none', ...PRODUCER }), { baseOffset: 0n })).toHaveLength(1);
  });

  it('moves a record whose length prefix turns out longer or shorter than guessed', async () => {
    const lengths = [
      0, 1, 20, 21, 22, 50, 53, 54, 55, 56, 57, 58, 62, 63, 64, 2_700, 2_729, 8_170, 8_180, 8_190, 8_192, 30_000,
    ];
    const messages = lengths.flatMap((length) =>
      ['a', 'é', '漢', '📦'].map((letter) => ({ key: letter, value: letter.repeat(length) })),
    );
    const batch = await builderWith(...messages).build({ compression: 'none', ...PRODUCER });
    const read = decodeBatch(batch, { baseOffset: 0n }).map(({ key, value }) => ({
      key: String(key),
      value: String(value),
    }));
    expect(read).toEqual(messages);
  });
});

describe('estimateRecordBytes', () => {
  it('is never below what a record takes, and not far above', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    );
    const headers = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(text, fc.array(text, { maxLength: 3 })), {
      maxKeys: 4,
    });
    fc.assert(
      fc.property(fc.option(text), fc.option(text), fc.option(headers), fc.nat(8.64e15), (key, value, given, time) => {
        const message = { key, value, timestamp: String(time), ...(given === null ? {} : { headers: given }) };
        const builder = builderWith({ value: null, timestamp: '0' });
        const before = builder.sizeInBytes;
        builder.append(message, 0);
        const taken = builder.sizeInBytes - before;
        const count = Object.values(given ?? {}).flat().length;
        expect(estimateRecordBytes(message)).toBeGreaterThanOrEqual(taken);
        expect(estimateRecordBytes(message)).toBeLessThanOrEqual(taken + 40 + 10 * count);
      }),
    );
  });
});
