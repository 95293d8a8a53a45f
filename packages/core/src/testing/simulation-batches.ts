import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import type { BatchToStore } from './memory-replica.js';

/** What somebody wrote: known again by its bytes, wherever a copy of them is. */
export interface WrittenBatch extends BatchToStore {
  /** The same for each sending of it. */
  readonly label: string;
}

const known = new Map<string, WrittenBatch>();
const labels = new WeakMap<Buffer, string>();

/** A valid batch with this label; built once for all simulations. */
export async function writtenBatch(label: string, sequenced: Omit<BatchToStore, 'bytes'>): Promise<WrittenBatch> {
  const { producerId, producerEpoch, baseSequence, recordCount } = sequenced;
  const key = `${label} ${producerEpoch} ${baseSequence} ${recordCount}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const builder = new RecordBatchBuilder({ initialBytes: 64 });
  for (let record = 0; record < recordCount; record += 1) builder.append({ value: label }, 1_000);
  const bytes = await builder.build({ compression: 'none', producerId, producerEpoch, baseSequence });
  const batch = { ...sequenced, bytes, label };
  known.set(key, batch);
  labels.set(bytes, label);
  return batch;
}

export function labelOf(bytes: Buffer): string {
  return labels.get(bytes) ?? 'unknown bytes';
}
