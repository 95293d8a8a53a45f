import type { ConsumedMessage, Postlog } from '@postlog/core';
import type { PlacedOrder } from './orders.js';

const ORDERS = 'orders.placed';
const MAILS = 'emails.sent';
const DEADLINE_MS = 60_000;

type Offsets = ReadonlyMap<number, bigint>;
type OnRecord = (partition: number, message: ConsumedMessage) => void;

/** Reads the log and counts the acknowledged orders that are not where they should be. */
export async function countLost(postlog: Postlog, acknowledged: readonly PlacedOrder[]): Promise<number> {
  const placed = acknowledged.filter(({ offset }) => offset !== null);
  const missing = new Map(placed.map(({ id, partition, offset }) => [`${partition}/${offset}`, id]));
  await readTopic(postlog, ORDERS, firstOffsets(placed), (partition, { offset, value }) => {
    const place = `${partition}/${offset}`;
    const { orderId } = JSON.parse(String(value)) as { orderId: string };
    if (missing.get(place) === orderId) missing.delete(place);
  });
  return missing.size + acknowledged.length - placed.length;
}

/** Reads the log and counts what was said again of a mail of a run. */
export async function countRepeats(postlog: Postlog, run: string): Promise<number> {
  const seen = new Set<string>();
  let repeats = 0;
  await readTopic(postlog, MAILS, await lowOffsets(postlog, MAILS), (_partition, { value }) => {
    const sent = JSON.parse(String(value)) as { orderId: string; run: string };
    if (sent.run !== run) return;
    if (seen.has(sent.orderId)) repeats += 1;
    seen.add(sent.orderId);
  });
  return repeats;
}

/** Calls with everything from these offsets to what is the end now. */
async function readTopic(postlog: Postlog, topic: string, from: Offsets, onRecord: OnRecord): Promise<void> {
  const ends = new Map<number, bigint>();
  for (const { partition, high } of await postlog.admin().fetchTopicOffsets(topic)) ends.set(partition, BigInt(high));
  const begins = [...from].filter(([partition, offset]) => offset < (ends.get(partition) ?? 0n));
  const unread = new Set(begins.map(([partition]) => partition));
  if (unread.size === 0) return;
  const consumer = postlog.consumer({});
  try {
    await consumer.assign(begins.map(([partition, offset]) => ({ topic, partition, offset: String(offset) })));
    await new Promise<void>((resolve, reject) => {
      setTimeout(resolve, DEADLINE_MS).unref();
      const eachMessage = ({ partition, message }: { partition: number; message: ConsumedMessage }) => {
        onRecord(partition, message);
        if (BigInt(message.offset) + 1n >= (ends.get(partition) ?? 0n)) unread.delete(partition);
        if (unread.size === 0) resolve();
      };
      consumer.run({ autoCommit: false, eachMessage }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}

/** Tells of each order that the log has from now on, as soon as it can be read; the answer ends that. */
export async function watchOrders(
  postlog: Postlog,
  onOrder: (order: { readonly partition: number }) => void,
): Promise<() => Promise<void>> {
  const ends = await postlog.admin().fetchTopicOffsets(ORDERS);
  const consumer = postlog.consumer({});
  await consumer.assign(ends.map(({ partition, high }) => ({ topic: ORDERS, partition, offset: high })));
  const partitionsConsumedConcurrently = ends.length;
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently,
    eachMessage: ({ partition }) => onOrder({ partition }),
  });
  return () => consumer.disconnect();
}

async function lowOffsets(postlog: Postlog, topic: string): Promise<Offsets> {
  const offsets = await postlog.admin().fetchTopicOffsets(topic);
  return new Map(offsets.map(({ partition, low }) => [partition, BigInt(low)]));
}

function firstOffsets(orders: readonly PlacedOrder[]): Offsets {
  const first = new Map<number, bigint>();
  for (const { partition, offset } of orders) {
    if (partition === null || offset === null) continue;
    const before = first.get(partition);
    if (before === undefined || BigInt(offset) < before) first.set(partition, BigInt(offset));
  }
  return first;
}
