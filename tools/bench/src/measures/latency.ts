import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connect } from '@postlog/core';
import type { Measure } from '../bench.js';
import { line, quantile } from '../report.js';

const RATE = 500;

/** From `send` in one process to the handler in another, on one machine's clock. */
export const latency: Measure = async (bench) => {
  const url = await bench.database();
  const postlog = await connect({ url, logger: null });
  bench.onStop(() => postlog.close());
  const topic = 'latency';
  await postlog.admin().createTopics({ topics: [{ topic, numPartitions: 4 }] });
  const times = { idle: [] as number[], steady: [] as number[] };
  const consumer = postlog.consumer({ groupId: 'latency' });
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let onLast = () => {};
  const last = new Promise<void>((resolve) => (onLast = resolve));
  await consumer.run({
    partitionsConsumedConcurrently: 4,
    eachMessage: ({ message }) => {
      const now = performance.timeOrigin + performance.now();
      const { kind, sentAt } = JSON.parse(message.value!.toString()) as { kind: string; sentAt: number };
      if (kind === 'idle' || kind === 'steady') times[kind].push(now - sentAt);
      if (kind === 'last') onLast();
    },
  });

  const { seconds, idleRepeats } = bench.sizes;
  bench.say(`${idleRepeats} single records after pauses, then ${RATE}/s for ${seconds} s`);
  const script = fileURLToPath(new URL('../../dist/latency-process.js', import.meta.url));
  const child = fork(script, [url, topic, String(RATE), String(seconds), String(idleRepeats)], {
    stdio: 'inherit',
    execArgv: [],
  });
  bench.onStop(() => void child.kill());
  const failed = new Promise<never>((_, reject) =>
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the producer's process ended with code ${code}`));
    }),
  );
  failed.catch(() => {});
  await Promise.race([last, failed]);
  await postlog.close();
  return [
    line(`latency at ${RATE} records/s, p50`, quantile(times.steady, 0.5), 'ms', { atMost: 3 }),
    line(`latency at ${RATE} records/s, p99`, quantile(times.steady, 0.99), 'ms', { atMost: 20 }),
    line("latency of an idle topic's first record, p50", quantile(times.idle, 0.5), 'ms', { atMost: 10 }),
  ];
};
