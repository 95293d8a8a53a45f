import type { Producer } from '@postlog/core';
import type { Measure } from '../bench.js';
import { createTopic, openClusterWorld } from '../cluster-world.js';
import { line, quantile } from '../report.js';

const RATE = 200;
const PARTITIONS = 6;

/** How much longer a record takes to be acknowledged by three replicas than by one, at a rate that leaves the machine time. */
export const clusterLatency: Measure = async (bench) => {
  const { postlog, close } = await openClusterWorld(bench);
  const producer = postlog.producer();
  const found: { readonly p50: number; readonly p99: number }[] = [];
  for (const factor of [1, 3]) {
    const topic = `latency-${factor}`;
    await createTopic(postlog, topic, PARTITIONS, factor);
    await sendSteadily(producer, topic, Math.min(2, bench.sizes.seconds)); // Warms up.
    bench.say(`replication factor ${factor}: ${RATE} records/s for ${bench.sizes.seconds} s`);
    const times = await sendSteadily(producer, topic, bench.sizes.seconds);
    found.push({ p50: quantile(times, 0.5), p99: quantile(times, 0.99) });
  }
  await close();
  const [one, three] = [found[0]!, found[1]!];
  return [
    line(`from send to acknowledged at ${RATE} records/s, replication factor 1, p50`, one.p50, 'ms'),
    line(`from send to acknowledged at ${RATE} records/s, replication factor 3, p50`, three.p50, 'ms'),
    line(`from send to acknowledged at ${RATE} records/s, replication factor 3, p99`, three.p99, 'ms'),
    line('added by two more replicas, p50', three.p50 - one.p50, 'ms', { atMost: 10 }),
  ];
};

async function sendSteadily(producer: Producer, topic: string, seconds: number): Promise<number[]> {
  const times: number[] = [];
  const sends: Promise<unknown>[] = [];
  const startedAt = performance.now();
  for (let sent = 0; sent < RATE * seconds; sent++) {
    const due = startedAt + (sent * 1_000) / RATE;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((wake) => setTimeout(wake, wait));
    const at = performance.now();
    const send = producer.send({ topic, messages: [{ key: `key-${sent}`, value: 'a record' }], acks: -1 });
    sends.push(send.then(() => times.push(performance.now() - at)));
  }
  await Promise.all(sends);
  return times;
}
