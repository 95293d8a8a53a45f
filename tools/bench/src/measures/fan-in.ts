import { connect } from '@postlog/core';
import type { Measure } from '../bench.js';
import { line, quantile, type Line } from '../report.js';
import { jsonValues } from '../values.js';

const CONNECTIONS = 8;

/** What the partition's lock costs: many producers that each wait for every record, on one partition and on four. */
export const fanIn: Measure = async (bench) => {
  const url = await bench.database();
  const postlogs = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect({ url, logger: null })));
  bench.onStop(async () => {
    await Promise.all(postlogs.map((postlog) => postlog.close()));
  });
  const lines: Line[] = [];
  for (const [producers, partitions] of [
    [1, 1],
    [32, 1],
    [32, 4],
  ] as const) {
    const topic = `fan-in-${producers}-${partitions}`;
    await postlogs[0]!.admin().createTopics({ topics: [{ topic, numPartitions: partitions }] });
    const times: number[] = [];
    const [value] = jsonValues(1);
    const seconds = Math.min(5, bench.sizes.seconds);
    const until = performance.now() + seconds * 1000;
    await Promise.all(
      Array.from({ length: producers }, async (_, index) => {
        const producer = postlogs[index % CONNECTIONS]!.producer();
        while (performance.now() < until) {
          const startedAt = performance.now();
          await producer.send({ topic, messages: [{ partition: index % partitions, value: value! }] });
          times.push(performance.now() - startedAt);
        }
        await producer.disconnect();
      }),
    );
    const name = `fan-in ${producers} producer${producers > 1 ? 's' : ''}, ${partitions} partition${partitions > 1 ? 's' : ''}`;
    bench.say(`${name}: ${Math.round(times.length / seconds)} requests/s`);
    lines.push(
      line(name, times.length / seconds, 'requests/s'),
      line(`${name}, p50`, quantile(times, 0.5), 'ms'),
      line(`${name}, p99`, quantile(times, 0.99), 'ms'),
    );
  }
  await Promise.all(postlogs.map((postlog) => postlog.close()));
  return lines;
};
