import type { OutboxRow } from '../outbox/publish.store.js';
import { buildAsWorthWhile } from '../record/build-as-worth-while.js';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import { NO_PRODUCER } from '../record/record-batch.js';
import type { CheckedTopic } from './checked-topic.js';
import type { TopicMetadata } from './metadata-cache.js';
import type { PendingRecordMetadata } from './producer-types.js';

/** Records of one send that are encoded: rows as the outbox has them. */
export interface EncodedRows {
  readonly rows: readonly {
    readonly partitionId: number;
    readonly maxBatchBytes: number;
    readonly builder: RecordBatchBuilder;
  }[];
  readonly places: PendingRecordMetadata[];
}

/**
 * Encodes records into rows, each partition's in their order.
 *
 * @param chosen the partition of each record
 * @param timestamp of records that have none of their own
 */
export function encodeRows(
  topics: readonly CheckedTopic[],
  metadata: readonly TopicMetadata[],
  chosen: readonly (readonly number[])[],
  { timestamp, batchSize }: { readonly timestamp: number; readonly batchSize: number },
): EncodedRows {
  const rows: EncodedRows['rows'][number][] = [];
  const places = new Map<number, PendingRecordMetadata>();
  const open = new Map<number, RecordBatchBuilder>();
  for (const [index, { topic, messages, sizes }] of topics.entries()) {
    const { partitions, config } = metadata[index]!;
    const maxBatchBytes = Math.min(batchSize, config.maxMessageBytes);
    for (const [place, message] of messages.entries()) {
      const partition = chosen[index]![place]!;
      const { partitionId } = partitions[partition]!;
      let builder = open.get(partitionId);
      if (builder === undefined || builder.sizeInBytes + sizes[place]! > maxBatchBytes) {
        builder = new RecordBatchBuilder();
        open.set(partitionId, builder);
        places.set(partitionId, { topicName: topic, partition, errorCode: 0 });
        rows.push({ partitionId, maxBatchBytes, builder });
      }
      builder.append(message, timestamp);
    }
  }
  return { rows, places: [...places.values()] };
}

export function buildRows({ rows }: EncodedRows): Promise<OutboxRow[]> {
  return Promise.all(
    rows.map(async ({ partitionId, maxBatchBytes, builder }) => {
      const { bytes } = await buildAsWorthWhile(builder, NO_PRODUCER);
      return { partitionId, maxBatchBytes, recordCount: builder.recordCount, batch: bytes };
    }),
  );
}
