import fc from 'fast-check';
import type { CompressionName } from './compression.js';
import type { Message } from './messages.js';
import { RecordBatchBuilder } from './record-batch-builder.js';
import { decodeBatch } from './record-batch-reader.js';
import { BATCH_HEADER_BYTES, readBatchHeader, verifyBatch, writeBatchHeader } from './record-batch.js';

const corrupt = expect.objectContaining({ name: 'PostlogError', code: 'CORRUPT_MESSAGE' });

async function batchOf(
  messages: readonly Message[],
  compression: CompressionName = 'none',
  now = 1_000,
): Promise<Buffer> {
  const builder = new RecordBatchBuilder({});
  for (const message of messages) builder.append(message, now);
  return builder.build({ compression, producerId: -1n, producerEpoch: -1, baseSequence: -1 });
}

/** A batch around a hand-written body. */
function framed(bodyHex: string, recordCount: number, lastOffsetDelta = recordCount - 1): Buffer {
  const batch = Buffer.concat([Buffer.alloc(BATCH_HEADER_BYTES), Buffer.from(bodyHex, 'hex')]);
  const fields = { compression: 'none', recordCount, baseTimestamp: 1_000, maxTimestamp: 2_000 } as const;
  writeBatchHeader(batch, { ...fields, producerId: -1n, producerEpoch: -1, baseSequence: -1 });
  batch.writeInt32BE(lastOffsetDelta, 23);
  return batch;
}

const read = (batch: Buffer, options: Partial<Parameters<typeof decodeBatch>[1]> = {}) =>
  decodeBatch(batch, { baseOffset: 0n, ...options });

describe('decodeBatch', () => {
  it('gives messages as KafkaJS does', async () => {
    const batch = await batchOf([{ key: 'k', value: 'v', timestamp: '7', headers: { a: 'x', b: ['1', '2'] } }]);
    expect(read(batch, { baseOffset: 41n })).toEqual([
      {
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        timestamp: '7',
        attributes: 0,
        offset: '41',
        headers: Object.assign(Object.create(null), { a: Buffer.from('x'), b: [Buffer.from('1'), Buffer.from('2')] }),
      },
    ]);
  });

  it('gives each message headers of its own, without a prototype', async () => {
    const [first, second] = read(await batchOf([{ value: null }, { value: null }]));
    expect(Object.getPrototypeOf(first!.headers)).toBeNull();
    expect(first!.headers).not.toBe(second!.headers);
  });

  it('takes __proto__ and constructor for names like others', async () => {
    const headers = Object.fromEntries([
      ['__proto__', ['p', 'q']],
      ['constructor', 'c'],
    ]);
    const [message] = read(await batchOf([{ value: null, headers }]));
    expect(Object.entries(message!.headers).map(([name, value]) => [name, String(value)])).toEqual([
      ['__proto__', 'p,q'],
      ['constructor', 'c'],
    ]);
    expect(({} as Record<string, unknown>)['p']).toBeUndefined();
  });

  it('gives slices of the batch, not copies', async () => {
    const batch = await batchOf([{ value: 'abc' }]);
    const [message] = read(batch);
    expect(message!.value!.buffer).toBe(batch.buffer);
  });

  it('leaves out records below the wanted offset', async () => {
    const batch = await batchOf(['a', 'b', 'c'].map((value) => ({ value })));
    const from = (fromOffset: bigint) => read(batch, { baseOffset: 10n, fromOffset }).map(({ offset }) => offset);
    expect(from(0n)).toEqual(['10', '11', '12']);
    expect(from(11n)).toEqual(['11', '12']);
    expect(from(13n)).toEqual([]);
    expect(from(2n ** 63n - 1n)).toEqual([]);
  });

  it.each([2n ** 31n, 2n ** 53n - 2n, 2n ** 53n - 1n, 2n ** 63n - 2n])(
    'counts exactly from offset %d',
    async (baseOffset) => {
      const batch = await batchOf([{ value: 'a' }, { value: 'b' }]);
      expect(read(batch, { baseOffset }).map(({ offset }) => offset)).toEqual([`${baseOffset}`, `${baseOffset + 1n}`]);
    },
  );

  it('gives the log’s time where the topic is set to it', async () => {
    const batch = await batchOf([
      { value: 'a', timestamp: '5' },
      { value: 'b', timestamp: '9' },
    ]);
    batch.writeInt16BE(0x08, 21);
    expect(read(batch).map(({ timestamp }) => timestamp)).toEqual(['9', '9']);
  });

  it('has nothing for users in a control batch', async () => {
    const batch = await batchOf([{ value: 'a' }]);
    batch.writeInt16BE(0x20, 21);
    expect(read(batch)).toEqual([]);
  });

  it('reads what compaction left: fewer records than offsets, or none', () => {
    const record = '0c' + '00' + '00' + '04' + '01' + '01' + '00'; // Offset delta 2, key and value null.
    expect(read(framed(record, 1, 5), { baseOffset: 100n })).toMatchObject([{ offset: '102', timestamp: '1000' }]);
    expect(read(framed('', 0, 5))).toEqual([]);
  });

  it('reads a header without a value as undefined', () => {
    const headers = '06' + '0261' + '01' + '0262' + '01' + '0262' + '0278';
    const [message] = read(framed('20' + '00' + '00' + '00' + '01' + '01' + headers, 1));
    expect({ ...message!.headers }).toEqual({ a: undefined, b: Buffer.from('x') });
  });

  it.each([
    ['a missing record', '', 1],
    ['a second record that is missing', '0c000000010100', 2],
    ['bytes behind the last record', '0c000000010100' + 'ff', 1],
    ['bytes without records', 'ff', 0],
    ['a record of no bytes', '00'.repeat(7), 1],
    ['a record of negative length', '01' + '000000010100', 1],
    ['a record that is longer than the batch', '7e000000010100', 1],
    ['a record that ends before its length', '0e00000001010000', 1],
    ['a record that ends after its length', '0c' + '00' + '00' + '00' + '01' + '0261' + '00', 1],
    ['a key that goes past the end', '0c' + '00' + '00' + '00' + '7e' + '01' + '00', 1],
    ['a length below null', '0c' + '00' + '00' + '00' + '03' + '01' + '00', 1],
    ['a negative number of headers', '0c' + '00' + '00' + '00' + '01' + '01' + '01', 1],
    ['two thousand million headers', '14' + '00' + '00' + '00' + '01' + '01' + 'feffffff0f', 1],
    ['an offset beyond the last', '0c' + '00' + '00' + '02' + '01' + '01' + '00', 1],
    ['a negative offset', '0c' + '00' + '00' + '01' + '01' + '01' + '00', 1],
    ['an offset twice', '0c000000010100'.repeat(2), 2],
    ['a time that is not exact', '1e' + '00' + 'f0ffffffffffffffff01' + '00' + '01' + '01' + '00', 1],
  ])('refuses %s', (_, body, count) => {
    expect(() => read(framed(body, count))).toThrow(corrupt);
  });

  it('refuses a batch that claims more records than fit, at once', () => {
    expect(() => read(framed('0c000000010100', 2 ** 31 - 1))).toThrow(corrupt);
  });

  it('refuses a batch that grows too much', async () => {
    const bomb = await batchOf([{ value: Buffer.alloc(1_000_000) }], 'gzip');
    expect(() => read(bomb, { maxDecompressedBytes: 999_999 })).toThrow('[MESSAGE_TOO_LARGE]');
    expect(read(bomb)).toHaveLength(1);
  });
});

const bytes = fc.uint8Array({ maxLength: 80 }).map((each) => Buffer.from(each));
const content = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 80 }), bytes);
const headerValue = fc.oneof(content, fc.array(content, { minLength: 2, maxLength: 3 }));
const message = fc.record(
  {
    key: fc.option(content),
    value: fc.option(content),
    timestamp: fc.nat(8_640_000_000_000_000).map(String),
    headers: fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), headerValue, { maxKeys: 4 }),
  },
  { requiredKeys: ['key', 'value'] },
);
const codec = fc.constantFrom<CompressionName>('none', 'gzip', 'snappy', 'lz4');

describe('properties', () => {
  it('gives back any messages, whatever the codec', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 20 }),
        codec,
        fc.bigInt(0n, 2n ** 63n - 100n),
        async (messages, name, baseOffset) => {
          const batch = await batchOf(messages, name, 77);
          verifyBatch(batch);
          expect(read(batch, { baseOffset })).toEqual(
            messages.map((each, index) => consumed(each, baseOffset + BigInt(index))),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('ends in a PostlogError when a batch is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        codec,
        fc.nat(),
        async (messages, name, cut) => {
          const batch = await batchOf(messages, name);
          const short = Buffer.from(batch.subarray(0, cut % batch.length));
          expect(() => read(short)).toThrow(corrupt);
          // The same with a length field that fits: the records themselves end too early.
          if (short.length < BATCH_HEADER_BYTES) return;
          short.writeInt32BE(short.length - 12, 8);
          expect(() => verifyBatch(short)).toThrow(corrupt);
          expect(() => read(short)).toThrow(corrupt);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('ends in messages or a PostlogError for any damage, and the checksum sees it', async () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        codec,
        damage,
        async (messages, name, places) => {
          const batch = await batchOf(messages, name);
          const damaged = Buffer.from(batch);
          for (const [place, mask] of places) damaged[16 + (place % (batch.length - 16))]! ^= mask;
          if (!damaged.equals(batch)) expect(() => verifyBatch(damaged)).toThrow(corrupt);
          expectTyped(() => read(damaged, { maxDecompressedBytes: 100_000 }));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('ends in messages or a PostlogError for random bytes behind a header that fits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(40), fc.nat(4), (body, count, codecNumber) => {
        const batch = framed(Buffer.from(body).toString('hex'), count, count + 3);
        batch.writeInt16BE(codecNumber, 21);
        expect(readBatchHeader(batch).recordCount).toBe(count);
        expectTyped(() => read(batch, { maxDecompressedBytes: 100_000 }));
      }),
      { numRuns: 3_000 },
    );
  });
});

function consumed({ key, value, timestamp, headers }: Message, offset: bigint) {
  const asBuffer = (each: unknown) => (each == null ? null : Buffer.from(each as string));
  const values = Object.entries(headers ?? {}).map(([name, each]) => [
    name,
    Array.isArray(each) ? each.map(asBuffer) : asBuffer(each),
  ]);
  return {
    key: asBuffer(key),
    value: asBuffer(value),
    timestamp: timestamp ?? '77',
    attributes: 0,
    offset: String(offset),
    headers: Object.assign(Object.create(null), Object.fromEntries(values)) as unknown,
  };
}

function expectTyped(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    expect(error).toEqual(expect.objectContaining({ name: 'PostlogError' }));
  }
}
