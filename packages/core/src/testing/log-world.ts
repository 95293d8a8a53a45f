import { append, type Appended, type BatchToAppend } from '../log/append.store.js';
import { read } from '../log/log.store.js';
import { createTopic, describeTopics } from '../log/topic.store.js';
import type { Database } from '../postgres/database.js';
import { offset } from '../record/offset.js';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';

/** Creates a topic; answers the numbers of its partitions. */
export async function newTopic(
  database: Database,
  topic: string,
  partitionCount: number,
  config: Record<string, string> = {},
): Promise<number[]> {
  await createTopic(database, { topic, partitionCount, replicationFactor: 1, config });
  return (await describeTopics(database, [topic])).map(({ partitionId }) => partitionId);
}

/** A batch with these values, of nobody unless it is said whose. */
export async function batchOf(
  partitionId: number,
  values: readonly string[],
  producer: { readonly producerId: bigint; readonly producerEpoch: number; readonly baseSequence: number } = {
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
  },
): Promise<BatchToAppend> {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append({ value }, 1_000);
  const bytes = await builder.build({ compression: 'none', ...producer });
  return { partitionId, leaderEpoch: 0, recordCount: values.length, maxTimestamp: 1_000, ...producer, bytes };
}

export async function appendOne(database: Database, batch: BatchToAppend): Promise<Appended> {
  const [answer] = await append(database, [batch]);
  return answer!;
}

/** Base and last offsets of everything from an offset on. */
export async function offsetsFrom(database: Database, partitionId: number, from = 0): Promise<[number, number][]> {
  const found: [number, number][] = [];
  for (let next = from; ;) {
    const [answer] = await read(database, [{ partitionId, fetchOffset: offset(next) }], {
      partitionMaxBytes: 1e6,
      maxBytes: 1e7,
    });
    if (answer === undefined || answer.batches.length === 0) return found;
    for (const { baseOffset, lastOffset } of answer.batches) found.push([Number(baseOffset), Number(lastOffset)]);
    next = found.at(-1)![1] + 1;
  }
}

/** Whether offsets follow one another without a gap or an overlap. */
export function areDense(offsets: readonly [number, number][], from = 0): boolean {
  let next = from;
  for (const [base, last] of offsets) {
    if (base !== next) return false;
    next = last + 1;
  }
  return true;
}
