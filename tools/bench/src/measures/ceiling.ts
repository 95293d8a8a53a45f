import { randomBytes } from 'node:crypto';
import { connect } from '@postlog/core';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Measure } from '../bench.js';
import { openClient } from '../client.js';
import { line, median } from '../report.js';
import { drain, PARTITIONS, secondsSince } from '../workload.js';

const RECORD_BYTES = 100_000;
const ROUNDS = 5;

/** How near Postlog comes to what this Postgres can do with the same bytes: bare inserts, and a bare copy. */
export const ceiling: Measure = async (bench) => {
  const url = await bench.database();
  const postlog = await connect({ url, logger: null });
  bench.onStop(() => postlog.close());
  const clients = await Promise.all(Array.from({ length: PARTITIONS }, () => openClient(bench, url)));
  await clients[0]!.query(
    'create table bare (id bigint generated always as identity primary key, batch bytea not null)',
  );
  await clients[0]!.query('alter table bare alter column batch set storage external');
  const batch = randomBytes(RECORD_BYTES);
  const count = bench.sizes.largeBatches;
  const rates = { produce: [] as number[], insert: [] as number[], fetch: [] as number[], copy: [] as number[] };
  const producer = postlog.producer();
  const rounds = Math.min(ROUNDS, bench.sizes.rounds);

  for (let round = 0; round < rounds; round++) {
    const topic = `large-${round}`;
    await postlog.admin().createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] });
    await clients[0]!.query('truncate bare');
    const send = (partition: number) => producer.send({ topic, messages: [{ partition, value: batch }] });
    const insert = (client: number) =>
      clients[client]!.query({ name: 'bare', text: 'insert into bare (batch) values ($1)', values: [batch] });
    const fetch = async () => (count * RECORD_BYTES) / (await drain(postlog, { topic, count, timed: 'reading' }));
    // They take turns at being first, since the disk has more to do in the second's time.
    await inTurn(round, [
      async () => rates.produce.push(await bytesPerSecond(count, send)),
      async () => rates.insert.push(await bytesPerSecond(count, insert)),
    ]);
    await inTurn(round, [
      async () => rates.fetch.push(await fetch()),
      async () => rates.copy.push(await copyRate(clients[0]!)),
    ]);
    bench.say(
      `round ${round + 1} of ${rounds}: ${Object.entries(rates)
        .map(([name, each]) => `${name} ${Math.round(each.at(-1)! / 1e6)} MB/s`)
        .join(', ')}`,
    );
    await postlog.admin().deleteTopics({ topics: [topic] });
  }
  await Promise.all(clients.map((client) => client.end()));
  await postlog.close();
  const megabytes = (values: readonly number[]) => median(values) / 1e6;
  return [
    line('produce 100 KB batches', megabytes(rates.produce), 'MB/s'),
    line('bare insert of the same bytes', megabytes(rates.insert), 'MB/s'),
    line('produce ÷ bare insert', median(rates.produce) / median(rates.insert), '×', { atLeast: 0.7 }),
    line('fetch 4 partitions', megabytes(rates.fetch), 'MB/s'),
    line('bare copy of the same bytes', megabytes(rates.copy), 'MB/s'),
    line('fetch ÷ bare copy', median(rates.fetch) / median(rates.copy), '×', { atLeast: 0.6 }),
  ];
};

async function inTurn(round: number, steps: (() => Promise<unknown>)[]): Promise<void> {
  for (const step of round % 2 === 0 ? steps : steps.reverse()) await step();
}

/** One sender a partition or connection, each waits for its last. */
async function bytesPerSecond(count: number, send: (lane: number) => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  let left = count;
  await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, lane) => {
      while (left-- > 0) await send(lane);
    }),
  );
  return (count * RECORD_BYTES) / secondsSince(startedAt);
}

async function copyRate(client: pg.Client): Promise<number> {
  const startedAt = performance.now();
  let bytes = 0;
  for await (const chunk of client.query(copyTo('copy (select batch from bare order by id) to stdout (format binary)')))
    bytes += (chunk as Buffer).length;
  return bytes / secondsSince(startedAt);
}
