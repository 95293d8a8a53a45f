import type { Measure } from '../bench.js';
import { OutboxLoads } from '../outbox/outbox-loads.js';
import { line, quantile } from '../report.js';

/** From the commit to the handler, 200 transactions a second, all in one process. */
export const outboxLatency: Measure = async (bench) => {
  const loads = await OutboxLoads.open(bench);
  await loads.commitToHandler(bench.sizes.seconds / 10); // Warms up.
  const times = await loads.commitToHandler(bench.sizes.seconds);
  return [
    line('commit to handler at 200 transactions/s, p50', quantile(times, 0.5), 'ms', { atMost: 10 }),
    line('commit to handler at 200 transactions/s, p99', quantile(times, 0.99), 'ms', { atMost: 50 }),
  ];
};
