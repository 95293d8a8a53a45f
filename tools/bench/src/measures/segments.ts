import { connect, type Postlog } from '@postlog/core';
import type { Bench, Measure } from '../bench.js';
import { openClient } from '../client.js';
import { line, median, type Line } from '../report.js';

const COUNTS = [1, 100, 3_000];
/** A table for each partition, or one for up to a hundred of a topic's partitions. */
const CHAINS = [1, 100];

/**
 * What segment tables cost, each partition with its own or many sharing one: the figures behind the decision in
 * docs/adr/0001. Nothing to reach: it compares.
 */
export const segments: Measure = async (bench) => {
  const lines: Line[] = [];
  for (const partitions of bench.sizes.depth < 10_000 ? [1, 20] : COUNTS) {
    for (const perChain of CHAINS) lines.push(...(await measure(bench, partitions, perChain)));
  }
  return lines;
};

async function measure(bench: Bench, partitions: number, perChain: number): Promise<Line[]> {
  const url = await bench.database();
  const postlog = await connect({ url, logger: null });
  bench.onStop(() => postlog.close());
  const client = await openClient(bench, url);
  const name = `${partitions} partition${partitions > 1 ? 's' : ''}, ${perChain === 1 ? 'a table each' : 'sharing tables'}`;
  // One table each: a hundred at a time, as many as one transaction may lock.
  const create = await timed(() =>
    client.query(`select postlog.create_topic_v1('t', $1, 1, '{}', $2)`, [partitions, perChain]),
  ).catch((error: Error) => error);
  if (create instanceof Error) {
    bench.skip(name, `creating it in one transaction failed: ${create.message}`);
    await client.end();
    await postlog.close();
    return [];
  }

  const ids = `(select array_agg(partition_id order by partition_id) from postlog.replica)`;
  const look = `select count(*) from postlog.fetch_v1(${ids}, (select array_agg(0::bigint) from postlog.replica),
    (select array_agg(-1) from postlog.replica), 0, 1000, 1000, 'infinity')`;
  await client.query(look);
  const looks: number[] = [];
  for (let round = 0; round < 10; round++) looks.push(await timed(() => client.query(look)));
  const memory = await client.query<{ mb: string }>(
    'select sum(total_bytes) / 1e6 as mb from pg_backend_memory_contexts',
  );
  const relations = await client.query<{ n: string }>(
    `select count(*) as n from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('postlog', 'pg_toast') and c.oid > 16384`,
  );

  const rates = await appendRates(postlog, partitions, Math.max(3, Math.round(bench.sizes.seconds)));
  await postlog.close();
  await client.end();
  bench.say(`${name}: created in ${Math.round(create)} ms`);
  return [
    line(`${name}: create the topic`, create, 'ms'),
    line(`${name}: relations`, Number(relations.rows[0]!.n), ''),
    line(`${name}: one look at all, idle`, median(looks), 'ms'),
    line(`${name}: memory of a backend that looked at all`, Number(memory.rows[0]!.mb), 'MB'),
    line(`${name}: append 400 records over all`, median(rates), 'records/s'),
  ];
}

/** Records a second of sends that each touch up to 400 partitions. */
async function appendRates(postlog: Postlog, partitions: number, rounds: number): Promise<number[]> {
  const producer = postlog.producer({ compression: 'none' });
  const value = 'x'.repeat(1_000);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const messages = Array.from({ length: 400 }, (_, n) => ({ partition: (round * 400 + n) % partitions, value }));
    rates.push(400 / ((await timed(() => producer.send({ topic: 't', messages }))) / 1000));
  }
  return rates;
}

/** Milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
