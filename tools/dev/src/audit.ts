import type { Postlog } from '@postlog/core';
import type { PlacedOrder } from './orders.js';

const TOPIC = 'orders.placed';
const DEADLINE_MS = 60_000;

/** Reads the log and counts the acknowledged orders that are not where they were acknowledged to be. */
export async function countLost(postlog: Postlog, acknowledged: readonly PlacedOrder[]): Promise<number> {
  const missing = new Map(acknowledged.map(({ id, partition, offset }) => [`${partition}/${offset}`, id]));
  const ends = new Map<number, bigint>();
  for (const { partition, high } of await postlog.admin().fetchTopicOffsets(TOPIC)) ends.set(partition, BigInt(high));
  const begins = [...firstOffsets(acknowledged)].filter(([partition, offset]) => offset < (ends.get(partition) ?? 0n));
  const unread = new Set(begins.map(([partition]) => partition));
  if (unread.size === 0) return missing.size;
  const consumer = postlog.consumer({});
  try {
    await consumer.assign(begins.map(([partition, offset]) => ({ topic: TOPIC, partition, offset: String(offset) })));
    await new Promise<void>((resolve, reject) => {
      setTimeout(resolve, DEADLINE_MS).unref();
      const eachMessage = ({
        partition,
        message,
      }: {
        partition: number;
        message: { offset: string; value: Buffer | null };
      }) => {
        const place = `${partition}/${message.offset}`;
        const { orderId } = JSON.parse(String(message.value)) as { orderId: string };
        if (missing.get(place) === orderId) missing.delete(place);
        if (BigInt(message.offset) + 1n >= (ends.get(partition) ?? 0n)) unread.delete(partition);
        if (unread.size === 0) resolve();
      };
      consumer.run({ autoCommit: false, eachMessage }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return missing.size;
}

function firstOffsets(orders: readonly PlacedOrder[]): Map<number, bigint> {
  const first = new Map<number, bigint>();
  for (const { partition, offset } of orders) {
    if (partition === null || offset === null) continue;
    const before = first.get(partition);
    if (before === undefined || BigInt(offset) < before) first.set(partition, BigInt(offset));
  }
  return first;
}
