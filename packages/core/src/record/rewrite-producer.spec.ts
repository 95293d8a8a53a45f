import { RecordBatchBuilder } from './record-batch-builder.js';
import { NO_PRODUCER, readBatchHeader, verifyBatch } from './record-batch.js';
import { decodeBatch } from './record-batch-reader.js';
import { rewriteProducer } from './rewrite-producer.js';

describe('a batch that comes from another producer', () => {
  it.each(['none', 'gzip'] as const)(
    'has its numbers, its own records and a right checksum (%s)',
    async (compression) => {
      const builder = new RecordBatchBuilder();
      for (const value of ['a', 'b', 'c']) builder.append({ key: 'k', value, headers: { h: value } }, 1_000);
      const batch = await builder.build({ compression, ...NO_PRODUCER });
      const before = Buffer.from(batch);
      const producer = { producerId: 4_611_686_018_427_387_903n, producerEpoch: 7, baseSequence: 2_147_483_646 };
      const rewritten = rewriteProducer(batch, producer);
      expect(verifyBatch(rewritten)).toEqual({ ...readBatchHeader(batch), ...producer });
      expect(decodeBatch(rewritten, { baseOffset: 5n })).toEqual(decodeBatch(batch, { baseOffset: 5n }));
      expect(batch).toEqual(before);
    },
  );
});
