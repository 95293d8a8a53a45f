import { connect } from '@postlog/core';
import pg from 'pg';
import { drain, jsonValues, parse, PARTITIONS, sendAll, sendTo, type Measure } from '../bench.js';
import { line, median } from '../report.js';

/**
 * Produce and consume while another session keeps a transaction open, which keeps Postgres from cleaning up anything, and the
 * same without. Rounds take turns inside the open time and outside of it.
 */
export const pinned: Measure = async (bench) => {
  const url = await bench.database();
  const postlog = await connect({ url, logger: null });
  bench.onStop(() => postlog.close());
  const producer = postlog.producer();
  const values = jsonValues(Math.min(100_000, bench.sizes.records));
  const rates = {
    free: { produce: [] as number[], consume: [] as number[] },
    pinned: { produce: [] as number[], consume: [] as number[] },
  };
  let topics = 0;
  const round = async (kind: 'free' | 'pinned') => {
    const topic = `pinned-${topics++}`;
    await postlog.admin().createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] });
    rates[kind].produce.push(values.length / (await sendAll(values, sendTo(producer, topic))));
    rates[kind].consume.push(values.length / (await drain(postlog, topic, values.length, parse)));
    await postlog.admin().deleteTopics({ topics: [topic] });
  };

  const half = bench.sizes.pinnedSeconds / 2;
  await round('free');
  rates.free.produce.length = rates.free.consume.length = 0; // The first warms up.
  for (const kind of ['free', 'pinned', 'free', 'pinned'] as const) {
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    if (kind === 'pinned')
      await holder.query(
        'begin isolation level repeatable read; select pg_current_xact_id(); select count(*) from pg_class',
      );
    bench.say(`${kind === 'pinned' ? 'with' : 'without'} an open transaction for ${half} s`);
    const until = performance.now() + half * 1000;
    while (performance.now() < until) await round(kind);
    await holder.end();
  }
  await postlog.close();
  return (['produce', 'consume'] as const).map((what) =>
    line(`${what} with an open transaction ÷ without`, median(rates.pinned[what]) / median(rates.free[what]), '×', {
      atLeast: 0.9,
    }),
  );
};
