import { randomBytes } from 'node:crypto';
import { buildAsWorthWhile } from './build-as-worth-while.js';
import { RecordBatchBuilder } from './record-batch-builder.js';
import { NO_PRODUCER, verifyBatch } from './record-batch.js';

const build = async (value: string | Buffer, mayCompress?: boolean) => {
  const builder = new RecordBatchBuilder();
  builder.append({ value }, 1_000);
  const { bytes, hardlyShrank } = await buildAsWorthWhile(builder, NO_PRODUCER, mayCompress);
  return [verifyBatch(bytes).compression, hardlyShrank];
};

describe('buildAsWorthWhile', () => {
  it('compresses what is large and becomes smaller, and says when that was in vain', async () => {
    expect(await build('x'.repeat(4_000))).toEqual(['none', false]);
    expect(await build('x'.repeat(4_100))).toEqual(['lz4', false]);
    expect(await build(randomBytes(4_100))).toEqual(['none', true]);
    expect(await build('x'.repeat(4_100), false)).toEqual(['none', false]);
  });
});
