import pg from 'pg';
import { collect, fastGroup, until } from '../testing/collect.js';
import { TestCluster } from '../testing/test-cluster.js';
import { testDatabase, type TestDatabase } from '../testing/test-database.js';
import { runTransactional } from '../testing/transactional-world.js';
import { connect } from './connect.js';
import type { Postlog } from './postlog.js';

let cluster: TestCluster;
let application: TestDatabase;
let client: pg.Client;
let postlog: Postlog;
beforeEach(async () => {
  const topic = { name: 'ready', replicationFactor: 3, minInsyncReplicas: 2, partitions: 1 };
  cluster = await TestCluster.start({ brokers: 3, topic });
  application = await testDatabase();
  const applications = [{ name: 'shop', url: application.url }];
  postlog = await connect({ ...cluster.settings, applications, logger: null });
  const configEntries = [{ name: 'min.insync.replicas', value: '2' }];
  const shape = { numPartitions: 2, replicationFactor: 3, configEntries };
  const topics = ['orders', 'copies'].map((name) => ({ topic: name, ...shape }));
  await postlog.admin().createTopics({ topics });
  client = new pg.Client({ connectionString: application.url });
  await client.connect();
  await client.query('create table placed (id text primary key); create table handled (id text primary key)');
});
afterEach(async () => {
  await postlog.close();
  await client.end();
  await cluster.stop();
  await application.drop();
});

const ids = async (table: string) =>
  (await client.query<{ id: string }>(`select id from ${table}`)).rows.map(({ id }) => id).sort();

describe('an application of a cluster whose leader dies', () => {
  it('has each order that committed in the log once, and each handled once, with its copy', async () => {
    const [producer, copier] = [postlog.producer(), postlog.consumer(fastGroup('copiers'))];
    await copier.subscribe({ topics: ['orders'], fromBeginning: true });
    await runTransactional<pg.ClientBase>(copier, {
      partitionsConsumedConcurrently: 2,
      eachMessage: async ({ message, transaction }) => {
        await transaction.query('insert into handled values ($1)', [String(message.value)]);
        await producer.send({ topic: 'copies', messages: [{ value: message.value }], transaction });
      },
    });
    let isOver = false;
    let placed = 0;
    const placing = (async () => {
      for (; !isOver; placed++) {
        await client.query('begin');
        await client.query('insert into placed values ($1)', [`${placed}`]);
        const messages = [{ value: `${placed}`, partition: placed % 2 }];
        await producer.send({ topic: 'orders', messages, transaction: client });
        await client.query(placed % 7 === 3 ? 'rollback' : 'commit');
      }
    })();
    await until(async () => (await ids('handled')).length > 20);
    await cluster.killBroker(1);
    const before = (await ids('handled')).length;
    await until(async () => (await ids('handled')).length > before + 40);
    isOver = true;
    await placing;
    const orders = await ids('placed');
    await until(async () => (await ids('handled')).length >= orders.length);
    const copies = await collect(postlog.consumer({ groupId: 'readers' }), ['copies']);
    await copies.until((seen) => seen.length >= orders.length);
    const log = await collect(postlog.consumer({ groupId: 'more readers' }), ['orders']);
    await log.until((seen) => seen.length >= orders.length);
    expect(await ids('handled')).toEqual(orders);
    expect(copies.seen.map(({ value }) => String(value)).sort()).toEqual(orders);
    expect(log.seen.map(({ value }) => String(value)).sort()).toEqual(orders);
  }, 120_000);
});
