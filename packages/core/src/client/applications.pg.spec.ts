import pg from 'pg';
import { connect, type Postlog } from '../index.js';
import { testDatabase, type TestDatabase } from '../testing/test-database.js';
import { until } from '../testing/collect.js';
import { outboxWorld, type OutboxWorld } from '../testing/outbox-world.js';
import { runTransactional } from '../testing/transactional-world.js';

let world: OutboxWorld;
let orders: TestDatabase;
let postlog: Postlog;
let client: pg.Client;
const connectMore = () =>
  connect({ url: world.url, applications: [{ name: 'orders', url: orders.url }], logger: null });
beforeEach(async () => {
  world = await outboxWorld({ services: false });
  orders = await testDatabase();
  postlog = await connectMore();
  client = new pg.Client({ connectionString: orders.url });
  client.on('error', () => {});
  await client.connect();
  await client.query('create table placed (id text primary key)');
});
afterEach(async () => {
  await postlog.close();
  await client.end();
  await world.drop();
  await orders.drop();
});

const place = async (value: string, end = 'commit') => {
  await client.query('begin');
  await client.query('insert into placed values ($1)', [value]);
  await postlog.producer().send({ topic: 't', messages: [{ value }], transaction: client });
  await client.query(end);
};
const kept = async () => Number((await client.query('select 1 from postlog.composed_batch')).rowCount);

describe('an application with a database of its own', () => {
  it('publishes in its transactions: each record once, in order, and none that was rolled back', async () => {
    await place('a');
    await place('never', 'rollback');
    await place('b');
    await place('c');
    expect(await world.untilStored(3)).toEqual(['a', 'b', 'c']);
    await until(async () => (await kept()) === 0);
  });

  it('keeps there what its transactions send for later, and finds it by its id', async () => {
    const later = async (value: string) => {
      await client.query('begin');
      const terms = { topic: 't', messages: [{ value }], transaction: client };
      const { id } = await postlog.producer().send({ ...terms, delayMs: value === 'never' ? 3_600_000 : 100 });
      await client.query('commit');
      return id;
    };
    const id = await later('never');
    await later('a');
    expect(await postlog.producer().cancel(id)).toBe(true);
    expect(await world.untilStored(1)).toEqual(['a']);
    expect((await client.query('select from postlog.delayed')).rowCount).toBe(0);
  });

  it('sends a batch once more whose storing was not noted, and it is stored once', async () => {
    await place('a');
    expect(await world.untilStored(1)).toEqual(['a']);
    await postlog.close();
    const batch = await client.query('select 1 from postlog.composed_batch');
    expect(batch.rowCount).toBe(0);
    // As if the process had died before it forgot the batch: the log has its bytes.
    const log = new pg.Client({ connectionString: world.url });
    await log.connect();
    const { rows } = await log.query<{ name: string }>(
      "select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'postlog' and c.relname ~ '^segment_[0-9]+$'",
    );
    for (const { name } of rows) {
      const stored = await log.query<{ partition_id: number; batch: Buffer }>(
        `select partition_id, batch from postlog.${name}`,
      );
      for (const row of stored.rows)
        await client.query('insert into postlog.composed_batch (partition_id, batch) values ($1, $2)', [
          row.partition_id,
          row.batch,
        ]);
    }
    await log.end();
    expect(await kept()).toBe(1);
    postlog = await connectMore();
    await place('b');
    await until(async () => (await kept()) === 0);
    expect(await world.untilStored(2)).toEqual(['a', 'b']);
  });

  it('handles in its transactions: effects, what it publishes and the offset commit together there', async () => {
    await world.postlog.admin().createTopics({ topics: [{ topic: 'copy' }] });
    await world.producer.send({ topic: 't', messages: [{ value: 'a' }, { value: 'b' }] });
    let calls = 0;
    const consumer = postlog.consumer({ groupId: 'copiers', retry: { initialRetryTime: 10 } });
    await consumer.subscribe({ topics: ['t'], fromBeginning: true });
    await runTransactional<pg.ClientBase>(consumer, {
      application: 'orders',
      eachMessage: async ({ message, transaction }) => {
        await transaction.query('insert into placed values ($1)', [String(message.value)]);
        await postlog.producer().send({ topic: 'copy', messages: [{ value: message.value }], transaction });
        if (++calls === 1) throw new Error('the first call fails');
      },
    });
    expect(await world.untilStored(2, 'copy')).toEqual(['a', 'b']);
    expect((await client.query('select id from placed order by id')).rows).toEqual([{ id: 'a' }, { id: 'b' }]);
  });

  it('is told which names there are, and which databases cannot be applications', async () => {
    const consumer = postlog.consumer({ groupId: 'g' });
    await consumer.subscribe({ topics: ['t'] });
    const run = (application?: string) =>
      consumer.run({
        transactional: true,
        ...(application === undefined ? {} : { application }),
        eachMessage: () => {},
      });
    await expect(run()).rejects.toThrow('there are several applications');
    await expect(run('order')).rejects.toThrow('there is no application order; give one of orders');

    const other = await outboxWorld({ services: false });
    const open = (url: string, database: string) =>
      connect({ url, applications: [{ name: 'x', url: database }], logger: null });
    await expect(open(other.url, orders.url)).rejects.toMatchObject({ code: 'UNREGISTERED_DATABASE' });
    await expect(open(world.url, other.url)).rejects.toMatchObject({ code: 'UNREGISTERED_DATABASE' });
    await expect(connect({ url: orders.url, logger: null })).rejects.toMatchObject({ code: 'UNREGISTERED_DATABASE' });
    await other.drop();
  });

  it.each([
    [{ name: 'orders' }, 'give an array of { name, url }'],
    [[{ name: 'a b', url: 'postgres://h/d' }], 'applications[0].name is "a b"'],
    [[{ name: 'a', url: 'mysql://h/d' }], 'postgres'],
    [
      [
        { name: 'a', url: 'postgres://h/d' },
        { name: 'a', url: 'postgres://h/e' },
      ],
      'named twice',
    ],
  ])('is refused as %j', async (applications, cure) => {
    await expect(connect({ url: world.url, applications, logger: null } as never)).rejects.toThrow(cure);
  });
});
