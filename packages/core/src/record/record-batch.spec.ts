import { RecordBatchBuilder } from './record-batch-builder.js';
import { BATCH_HEADER_BYTES, NO_PRODUCER_ID, readBatchHeader, verifyBatch, writeBatchHeader } from './record-batch.js';

const corrupt = expect.objectContaining({ name: 'PostlogError', code: 'CORRUPT_MESSAGE' });

async function twoRecords(): Promise<Buffer> {
  const builder = new RecordBatchBuilder({});
  builder.append({ key: 'a', value: '1' }, 1_000);
  builder.append({ key: 'b', value: null, timestamp: '900' }, 2_000);
  return builder.build({ compression: 'none', producerId: 2n ** 62n - 1n, producerEpoch: 3, baseSequence: 7 });
}

function changed(batch: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  return copy;
}

describe('readBatchHeader', () => {
  it('reads what the builder wrote', async () => {
    const batch = await twoRecords();
    expect(verifyBatch(batch)).toEqual({
      baseOffset: 0n,
      batchLength: batch.length - 12,
      partitionLeaderEpoch: -1,
      attributes: 0,
      compression: 'none',
      lastOffsetDelta: 1,
      baseTimestamp: 1_000,
      maxTimestamp: 1_000,
      producerId: 2n ** 62n - 1n,
      producerEpoch: 3,
      baseSequence: 7,
      recordCount: 2,
      isTransactional: false,
      isControl: false,
    });
  });

  it('sees transactional and control batches', async () => {
    const batch = changed(await twoRecords(), (copy) => copy.writeInt16BE(0x30, 21));
    expect(readBatchHeader(batch)).toMatchObject({ isTransactional: true, isControl: true });
  });

  it.each<[string, (batch: Buffer) => Buffer]>([
    ['no bytes', () => Buffer.alloc(0)],
    ['a header that is cut off', (batch) => batch.subarray(0, BATCH_HEADER_BYTES - 1)],
    ['a missing byte', (batch) => batch.subarray(0, -1)],
    ['a byte too many', (batch) => Buffer.concat([batch, Buffer.alloc(1)])],
    ['another format version', (batch) => changed(batch, (copy) => copy.writeInt8(1, 16))],
    ['a codec that nobody knows', (batch) => changed(batch, (copy) => copy.writeInt16BE(5, 21))],
    ['a negative record count', (batch) => changed(batch, (copy) => copy.writeInt32BE(-1, 57))],
    ['more records than offsets', (batch) => changed(batch, (copy) => copy.writeInt32BE(3, 57))],
    ['a negative last offset', (batch) => changed(batch, (copy) => copy.writeInt32BE(-1, 23))],
    ['a time that no clock gives', (batch) => changed(batch, (copy) => copy.writeBigInt64BE(2n ** 53n, 27))],
    ['a time before -1', (batch) => changed(batch, (copy) => copy.writeBigInt64BE(-2n, 35))],
  ])('refuses %s', async (_, damage) => {
    const batch = damage(await twoRecords());
    expect(() => readBatchHeader(batch)).toThrow(corrupt);
  });
});

describe('verifyBatch', () => {
  it('sees every flipped bit that the checksum covers, and no change of base offset and leader epoch', async () => {
    const batch = await twoRecords();
    for (let bit = 0; bit < batch.length * 8; bit++) {
      const byte = bit >> 3;
      const flipped = changed(batch, (copy) => (copy[byte]! ^= 1 << (bit & 7)));
      const isOutside = byte < 8 || (byte >= 12 && byte < 16);
      if (isOutside) expect(() => verifyBatch(flipped)).not.toThrow();
      else expect(() => verifyBatch(flipped)).toThrow(corrupt);
    }
  });
});

describe('writeBatchHeader', () => {
  it('gives the batch other producer fields and a checksum that fits', async () => {
    const batch = await twoRecords();
    const header = readBatchHeader(batch);
    writeBatchHeader(batch, { ...header, producerId: NO_PRODUCER_ID, producerEpoch: -1, baseSequence: -1 });
    expect(verifyBatch(batch)).toEqual({ ...header, producerId: -1n, producerEpoch: -1, baseSequence: -1 });
  });
});
