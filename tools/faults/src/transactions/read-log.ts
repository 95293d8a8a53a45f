import type { Postlog } from '@postlog/core';
import type { LogPartition } from './history.js';

/** Everything in a topic, in the order of offsets; an offset that is missing is `undefined`. */
export async function readLog(postlog: Postlog, topic: string, partitions: number): Promise<LogPartition[]> {
  const ends = await postlog.admin().fetchTopicOffsets(topic);
  const log = Array.from({ length: partitions }, (_, partition): { partition: number; values: string[] } => ({
    partition,
    values: [],
  }));
  const isWhole = () => ends.every(({ partition, high }) => log[partition]!.values.length >= Number(high));
  const consumer = postlog.consumer({ autoOffsetReset: 'none' });
  await consumer.assign(log.map(({ partition }) => ({ topic, partition, offset: '0' })));
  const finished = new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload['error'] as Error));
    if (isWhole()) resolve();
    void consumer
      .run({
        partitionsConsumedConcurrently: partitions,
        eachBatch: ({ batch }) => {
          const { values } = log[batch.partition]!;
          for (const { offset, value } of batch.messages) values[Number(offset)] = String(value);
          if (isWhole()) resolve();
        },
      })
      .catch(reject);
  });
  await finished;
  await consumer.disconnect();
  return log;
}
