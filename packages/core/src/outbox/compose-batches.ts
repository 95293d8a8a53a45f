import { buildAsWorthWhile } from '../record/build-as-worth-while.js';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import { BATCH_HEADER_BYTES, NO_PRODUCER, verifyBatch } from '../record/record-batch.js';
import type { PlannedRow } from './outbox-plan.js';

/** A batch for the log. */
export interface ComposedBatch {
  readonly partitionId: number;
  readonly recordCount: number;
  readonly maxTimestamp: number;
  readonly bytes: Buffer;
}

/** A planned row whose batch was read. */
export type ReadRow = PlannedRow & { readonly batch: Buffer };

/** A record that is moved into a larger batch may need so many bytes more for its place and time. */
const MOST_GROWTH_PER_RECORD = 12;

/**
 * Puts rows, in their order, into batches for the log. Records of small rows share a batch, whoever sent them; a row that is large enough
 * to have been compressed is a batch as it is. Answers rounds: each has at most one batch a partition, ascending by partition.
 *
 * @throws PostlogError `CORRUPT_MESSAGE`: what is stored is not what was sent.
 */
export async function composeBatches(rows: readonly ReadRow[]): Promise<ComposedBatch[][]> {
  const partitions = new Map<number, RowGroup[]>();
  for (const row of rows) {
    const groups = partitions.get(row.partitionId);
    if (groups === undefined) partitions.set(row.partitionId, [new RowGroup(row)]);
    else if (!groups.at(-1)!.tryAdd(row)) groups.push(new RowGroup(row));
  }
  const composed = await Promise.all(
    [...partitions]
      .sort(([a], [b]) => a - b)
      .map(([partitionId, groups]) => Promise.all(groups.map((group) => group.compose(partitionId)))),
  );
  const roundCount = Math.max(0, ...composed.map((batches) => batches.length));
  return Array.from({ length: roundCount }, (_, round) => composed.flatMap((batches) => batches[round] ?? []));
}

/** Rows that become one batch. */
class RowGroup {
  readonly #batches: Buffer[];
  readonly #isPlain: boolean;
  #recordCount: number;
  #maxTimestamp: number;
  #maxBytes: number;
  #bytes: number;

  constructor({ batch, recordCount, maxBatchBytes }: ReadRow) {
    const { compression, maxTimestamp } = verifyBatch(batch);
    this.#batches = [batch];
    this.#isPlain = compression === 'none';
    this.#recordCount = recordCount;
    this.#maxTimestamp = maxTimestamp;
    this.#maxBytes = maxBatchBytes;
    this.#bytes = sizeBound(batch, recordCount);
  }

  tryAdd({ batch, recordCount, maxBatchBytes }: ReadRow): boolean {
    const bytes = this.#bytes + sizeBound(batch, recordCount);
    const maxBytes = Math.min(this.#maxBytes, maxBatchBytes);
    if (!this.#isPlain || bytes + BATCH_HEADER_BYTES > maxBytes) return false;
    const { compression, maxTimestamp } = verifyBatch(batch);
    if (compression !== 'none') return false;
    this.#batches.push(batch);
    this.#recordCount += recordCount;
    this.#maxTimestamp = Math.max(this.#maxTimestamp, maxTimestamp);
    this.#maxBytes = maxBytes;
    this.#bytes = bytes;
    return true;
  }

  async compose(partitionId: number): Promise<ComposedBatch> {
    return {
      partitionId,
      recordCount: this.#recordCount,
      maxTimestamp: this.#maxTimestamp,
      bytes: this.#batches.length === 1 ? this.#batches[0]! : await this.#merge(),
    };
  }

  async #merge(): Promise<Buffer> {
    const builder = new RecordBatchBuilder({ initialBytes: this.#bytes });
    for (const batch of this.#batches) builder.appendRecordsOf(batch);
    return (await buildAsWorthWhile(builder, NO_PRODUCER)).bytes;
  }
}

/** What a row's records take in another batch at most. */
function sizeBound(batch: Buffer, recordCount: number): number {
  return batch.length - BATCH_HEADER_BYTES + recordCount * MOST_GROWTH_PER_RECORD;
}
