import type { ConsumedMessage, Postlog } from '@postlog/core';
import type { DeadLetterRecord, LogPartition } from './history.js';

/** Everything in a topic, in the order of offsets; an offset that is missing is `undefined`. */
export async function readLog(postlog: Postlog, topic: string): Promise<LogPartition[]> {
  return (await readAll(postlog, topic)).map((messages, partition) => {
    return { partition, values: messages.map(({ value }) => String(value)) };
  });
}

/** Everything in the topic of a group's dead letters; nothing before the first of them. */
export async function readDeadLetters(postlog: Postlog, topic: string, groupId: string): Promise<DeadLetterRecord[]> {
  const name = postlog.deadLetters({ topic, groupId }).topic;
  const topics = await postlog.admin().listTopics();
  if (!topics.includes(name)) return [];
  return (await readAll(postlog, name)).flatMap((messages, partition) =>
    messages.map(({ offset, value, headers }) => ({
      at: { partition, offset: Number(offset) },
      partition: Number(headers['postlog-dlq-partition']),
      offset: Number(headers['postlog-dlq-offset']),
      value: String(value),
      errorMessage: String(headers['postlog-dlq-error-message']),
    })),
  );
}

/** By partition and offset. */
async function readAll(postlog: Postlog, topic: string): Promise<ConsumedMessage[][]> {
  const ends = await postlog.admin().fetchTopicOffsets(topic);
  const log = ends.map((): ConsumedMessage[] => []);
  const isWhole = () => ends.every(({ partition, high }) => log[partition]!.length >= Number(high));
  const consumer = postlog.consumer({ autoOffsetReset: 'none' });
  await consumer.assign(ends.map(({ partition }) => ({ topic, partition, offset: '0' })));
  const finished = new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload['error'] as Error));
    if (isWhole()) resolve();
    void consumer
      .run({
        partitionsConsumedConcurrently: ends.length,
        eachBatch: ({ batch }) => {
          for (const message of batch.messages) log[batch.partition]![Number(message.offset)] = message;
          if (isWhole()) resolve();
        },
      })
      .catch(reject);
  });
  await finished;
  await consumer.disconnect();
  return log;
}
