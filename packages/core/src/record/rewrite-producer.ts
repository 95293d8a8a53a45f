import { readBatchHeader, writeBatchHeader, type BatchHeaderFields } from './record-batch.js';

/** A copy of a batch that comes from another producer; its records stay as they are. */
export function rewriteProducer(
  batch: Buffer,
  producer: Pick<BatchHeaderFields, 'producerId' | 'producerEpoch' | 'baseSequence'>,
): Buffer {
  const copy = Buffer.from(batch);
  writeBatchHeader(copy, { ...readBatchHeader(batch), ...producer });
  return copy;
}
