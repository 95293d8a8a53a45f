import { connect, type Postlog } from '@postlog/core';
import type { Measure } from '../bench.js';
import { openClient } from '../client.js';
import { line, quantile } from '../report.js';

const RATE = 200;
const DELAY_MS = 1_000;
const TOPIC = 'later';

/**
 * From when a record is due to its handler, on one machine's clock: with nothing else, with deliveries waiting for tomorrow, and while
 * another session keeps a transaction open, which keeps Postgres from cleaning up what was delivered.
 */
export const deliverLater: Measure = async (bench) => {
  const url = await bench.database();
  const postlog = await connect({ url, logger: null });
  bench.onStop(() => postlog.close());
  await postlog.admin().createTopics({ topics: [{ topic: TOPIC, numPartitions: 4 }] });
  const { seconds, pinnedSeconds, records } = bench.sizes;
  const lateness: number[] = [];
  const consumer = postlog.consumer({ groupId: TOPIC });
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  await consumer.run({
    partitionsConsumedConcurrently: 4,
    eachMessage: ({ message }) => {
      lateness.push(performance.timeOrigin + performance.now() - Number(message.value));
    },
  });
  const phase = async (forSeconds: number) => {
    lateness.length = 0;
    await sendForLater(postlog, forSeconds);
    return [...lateness];
  };

  await phase(seconds / 4); // Warms up.
  bench.say(`${RATE} records/s for ${DELAY_MS} ms later, ${seconds} s long`);
  const free = await phase(seconds);
  bench.say(`with ${records / 4} others that are due tomorrow`);
  await fill(postlog, records / 4);
  const among = await phase(seconds);
  bench.say(`with an open transaction for ${pinnedSeconds} s`);
  const holder = await openClient(bench, url);
  await holder.query('begin isolation level repeatable read');
  await holder.query('select pg_current_xact_id(), (select count(*) from pg_class)');
  const held = await phase(pinnedSeconds);
  const last = held.slice(-Math.ceil(held.length / 4));
  await holder.query('commit');
  await postlog.close();
  return [
    line('from due to handler, p50', quantile(free, 0.5), 'ms', { atMost: 20 }),
    line('from due to handler, p99', quantile(free, 0.99), 'ms', { atMost: 100 }),
    line('earliest', Math.min(...free, ...among, ...held), 'ms', { atLeast: 0 }),
    line('p99 among many that wait', quantile(among, 0.99), 'ms', { atMost: 100 }),
    line('p99 with an open transaction, its last quarter', quantile(last, 0.99), 'ms', { atMost: 100 }),
    line('deliveries whose handler ran within 100 ms', share(free), '%', { atLeast: 99 }),
  ];
};

/** Records at a steady pace, each of which says when it is due; resolves when the last of them was due long ago. */
async function sendForLater(postlog: Postlog, seconds: number): Promise<void> {
  const producer = postlog.producer();
  const startedAt = performance.now();
  for (let sent = 0; sent < seconds * RATE; sent++) {
    const wait = startedAt + (sent * 1000) / RATE - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    const deliverAt = Date.now() + DELAY_MS;
    void producer.send({ topic: TOPIC, messages: [{ value: String(deliverAt) }], deliverAt });
  }
  await producer.disconnect();
  await new Promise((resolve) => setTimeout(resolve, DELAY_MS + 1_000));
}

async function fill(postlog: Postlog, count: number): Promise<void> {
  const producer = postlog.producer();
  const tomorrow = Date.now() + 86_400_000;
  for (let sent = 0; sent < count; sent += 1_000) {
    const sends = Array.from({ length: Math.min(1_000, count - sent) }, (_, index) =>
      producer.send({ topic: TOPIC, messages: [{ value: 'x' }], deliverAt: tomorrow + sent + index }),
    );
    await Promise.all(sends);
  }
  await producer.disconnect();
}

function share(lateness: readonly number[]): number {
  return (100 * lateness.filter((ms) => ms <= 100).length) / lateness.length;
}
