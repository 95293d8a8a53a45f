import { makeWorkerUtils, Logger } from 'graphile-worker';
import pg from 'pg';
import PgBoss from 'pg-boss';
import { connect } from '@postlog/core';
import type { Bench } from '../bench.js';
import { openClient } from '../client.js';
import { PARTITIONS } from '../workload.js';

/** What is done beside an order, in its transaction, so that somebody hears of it. */
export interface BesideAnOrder {
  readonly name: string;
  readonly note: string;
  readonly add: (client: pg.Client, value: string) => Promise<unknown>;
}

const POLL_MS = 5;
const POLLED = 500;

/** A row in a table that nobody reads: the least that there is to do. */
export async function plainRow(bench: Bench, url: string): Promise<BesideAnOrder> {
  const client = await openClient(bench, url);
  await client.query('create table plain (id bigint generated always as identity primary key, value text not null)');
  return {
    name: 'a plain row',
    note: 'a table that nobody reads',
    add: (saver, value) => saver.query('insert into plain (value) values ($1)', [value]),
  };
}

export async function published(bench: Bench, url: string): Promise<BesideAnOrder> {
  const postlog = await connect({ url, logger: null });
  bench.onStop(() => postlog.close());
  await postlog.admin().createTopics({ topics: [{ topic: 'orders', numPartitions: PARTITIONS }] });
  const producer = postlog.producer();
  return {
    name: 'postlog',
    note: 'send({ transaction }); the sequencer runs in the same process',
    add: (transaction, value) => producer.send({ topic: 'orders', messages: [{ value }], transaction }),
  };
}

export async function graphileJob(bench: Bench, url: string): Promise<BesideAnOrder> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const utils = await makeWorkerUtils({ pgPool: pool, logger: new Logger(() => () => {}) });
  bench.onStop(async () => {
    await utils.release();
    await pool.end();
  });
  await utils.migrate();
  return {
    name: 'graphile-worker',
    note: 'graphile_worker.add_job(); no worker runs',
    add: (client, value) => client.query(`select graphile_worker.add_job('work', $1::json)`, [value]),
  };
}

export async function pgBossJob(bench: Bench, url: string): Promise<BesideAnOrder> {
  const boss = new PgBoss({ connectionString: url, max: 2, supervise: false, schedule: false });
  boss.on('error', () => {});
  bench.onStop(() => boss.stop({ graceful: false, wait: true }));
  await boss.start();
  await boss.createQueue('orders');
  return {
    name: 'pg-boss',
    note: 'send({ db }); nobody fetches',
    add: (client, value) =>
      boss.send('orders', JSON.parse(value) as object, {
        db: { executeSql: (text, values) => client.query(text, values as unknown[]) },
      }),
  };
}

/** The outbox that everybody writes by hand: a table, and a loop that takes rows with `skip locked` and deletes them. */
export async function handWritten(bench: Bench, url: string): Promise<BesideAnOrder> {
  const poller = await openClient(bench, url);
  await poller.query('create table outbox (id bigint generated always as identity primary key, payload json not null)');
  let isStopped = false;
  const poll = async () => {
    while (!isStopped) {
      const { rowCount } = await poller.query(
        `delete from outbox where id = any(array(select id from outbox order by id limit ${POLLED} for update skip locked)) returning payload`,
      );
      if (rowCount === 0) await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  };
  const ended = poll().catch(() => {});
  bench.onStop(() => {
    isStopped = true;
    return ended;
  });
  return {
    name: 'a hand-written outbox',
    note: `a table, polled every ${POLL_MS} ms with for update skip locked`,
    add: (client, value) => client.query('insert into outbox (payload) values ($1)', [value]),
  };
}
