import { connect, type Postlog } from '@postlog/core';
import type { Bench, Measure } from '../bench.js';
import { holdTransaction } from '../hold-transaction.js';
import { line, median } from '../report.js';
import { jsonValues } from '../values.js';
import { drain, parse, PARTITIONS, sendAll, sendTo } from '../workload.js';

interface Rates {
  readonly produce: number[];
  readonly consume: number[];
}

/**
 * Produce and consume while another session keeps a transaction open, which keeps Postgres from cleaning up anything, and the
 * same without, before and after. The topic and the group stay the same all the while: what piles up, piles up in their rows.
 */
export const pinned: Measure = async (bench) => {
  const url = await bench.database();
  const postlog = await connect({ url, logger: null });
  bench.onStop(() => postlog.close());
  const { pinnedSeconds } = bench.sizes;
  const free: Rates = { produce: [], consume: [] };
  const held: Rates = { produce: [], consume: [] };
  await runPhase(bench, postlog, { produce: [], consume: [] }, pinnedSeconds / 10); // Warms up.

  bench.say(`without an open transaction for ${pinnedSeconds / 2} s`);
  await runPhase(bench, postlog, free, pinnedSeconds / 2);
  bench.say(`with one for ${pinnedSeconds} s`);
  const release = await holdTransaction(bench, url);
  await runPhase(bench, postlog, held, pinnedSeconds);
  await release();
  bench.say(`without again for ${pinnedSeconds / 2} s`);
  await runPhase(bench, postlog, free, pinnedSeconds / 2);
  await postlog.close();
  return (['produce', 'consume'] as const).map((what) =>
    line(`${what} with an open transaction ÷ without`, median(held[what]) / median(free[what]), '×', { atLeast: 0.9 }),
  );
};

let phases = 0;

/** Rounds of producing, then consuming what was produced, on one topic by one group. */
async function runPhase(bench: Bench, postlog: Postlog, rates: Rates, seconds: number): Promise<void> {
  const topic = `pinned-${phases++}`;
  await postlog.admin().createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] });
  const producer = postlog.producer();
  const values = jsonValues(Math.min(50_000, bench.sizes.records));
  const count = values.length;
  for (const until = performance.now() + seconds * 1000; performance.now() < until;) {
    rates.produce.push(count / (await sendAll(values, sendTo(producer, topic))));
    rates.consume.push(count / (await drain(postlog, { topic, count, groupId: topic, onValue: parse })));
  }
  await producer.disconnect();
  await postlog.admin().deleteTopics({ topics: [topic] });
}
