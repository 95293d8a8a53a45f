import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Module } from '@nestjs/common';
import type { ConsumedMessage } from '@postlog/core';
import { DataSource, type EntityManager } from 'typeorm';
import pg from 'pg';
import { defineTopic, InjectProducer, PostlogClient, PostlogModule, type TopicProducer } from '../index.js';
import { producerOf, testWorld, until, type World } from '../spec/world.js';

const Orders = defineTopic<{ id: number }>('orders', { key: ({ id }) => String(id) });

let world: World;
let source: DataSource;
const stored: string[] = [];
beforeEach(async () => {
  stored.length = 0;
  world = await testWorld();
  source = await new DataSource({ type: 'postgres', url: world.url }).initialize();
  const consumer = world.log.consumer({ groupId: 'looks' });
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
  const eachMessage = ({ message }: { message: ConsumedMessage }) => void stored.push(String(message.value));
  await consumer.run({ eachMessage });
});
afterEach(async () => {
  await source.destroy();
  await world.close();
});

const idsStored = () => stored.map((text) => (JSON.parse(text) as { id: number }).id).sort((a, b) => a - b);
/** What is stored, once a record is that was sent after all others. */
const untilStored = async (last: number) => {
  await until(() => idsStored().includes(last));
  return idsStored();
};

describe('a record that is sent with tx', () => {
  it('is stored when the transaction of a manager, a runner, a pg client or a query function commits', async () => {
    const producer = producerOf(await world.hybrid({}));
    await source.transaction(async (manager) => {
      const place = await producer.send(Orders, { id: 1 }, { tx: manager });
      expect(place).toMatchObject({ topicName: 'orders', baseOffset: null });
    });
    const runner = source.createQueryRunner();
    await runner.startTransaction();
    await producer.sendBatch(Orders, [{ value: { id: 2 } }, { value: { id: 3 } }], { tx: runner });
    await runner.commitTransaction();
    await runner.release();
    const client = new pg.Client(world.url);
    await client.connect();
    await client.query('begin');
    await producer.send(Orders, { id: 4 }, { tx: client });
    const query = (sql: string, parameters: unknown[]) => client.query(sql, parameters);
    await producer.send('orders', { id: 5 }, { tx: { query } });
    await client.query('commit');
    await client.end();
    await until(() => stored.length === 5);
    expect(idsStored()).toEqual([1, 2, 3, 4, 5]);
  });

  it('is never stored after a rollback, unless tx is null', async () => {
    const producer = producerOf(await world.hybrid({}));
    const work = async (manager: EntityManager) => {
      await producer.send(Orders, { id: 1 }, { tx: manager });
      await producer.send(Orders, { id: 2 }, { tx: null });
      throw new Error('no');
    };
    await expect(source.transaction(work)).rejects.toThrow('no');
    await source.transaction((manager) => producer.send(Orders, { id: 3 }, { tx: manager }));
    expect(await untilStored(3)).toEqual([2, 3]);
  });

  it('is refused where that is no transaction, with the cure', async () => {
    const producer = producerOf(await world.hybrid({}));
    const send = (tx: object) => producer.send(Orders, { id: 1 }, { tx: tx as EntityManager });
    const refused = (cure: string) => ({ code: 'INVALID_TXN_STATE', message: expect.stringContaining(cure) as string });
    await expect(send(source.manager)).rejects.toMatchObject(refused('dataSource.transaction(async (manager)'));
    await expect(send(source)).rejects.toMatchObject(refused('it is a DataSource'));
    await expect(source.transaction((tx) => producer.send(Orders, { id: 1 }, { tx, acks: 1 }))).rejects.toThrow('acks');
  });
});

describe('a record that is sent for later', () => {
  it('comes when it is due, never when it was cancelled or rolled back', async () => {
    const producer = producerOf(await world.hybrid({}));
    const hour = { delayMs: 3_600_000 };
    await expect(
      source.transaction(async (tx) => {
        await producer.send(Orders, { id: 1 }, { tx, delayMs: 0 });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    const late = await producer.send(Orders, { id: 2 }, hour);
    expect(late).toMatchObject({ topicName: 'orders', baseOffset: null });
    expect(late.deliverAt.getTime()).toBeGreaterThan(Date.now() + 3_000_000);
    const both = await source.transaction((tx) =>
      producer.sendBatch(Orders, [{ value: { id: 3 } }, { value: { id: 4 } }], { tx, ...hour }),
    );
    expect(await source.transaction((tx) => producer.cancel(both.id, { tx }))).toBe(true);
    expect([await producer.cancel(late.id), await producer.cancel(late.id)]).toEqual([true, false]);
    await source.transaction((tx) => producer.send(Orders, { id: 5 }, { tx, deliverAt: new Date() }));
    expect(await untilStored(5)).toEqual([5]);
  });
});

describe('requireTx', () => {
  it('refuses to publish without a transaction: to a topic that says so, or to all that do not', async () => {
    const Strict = defineTopic<{ id: number }>('orders', { requireTx: true });
    const Free = defineTopic<{ id: number }>('orders', { requireTx: false });
    const producer = producerOf(await world.hybrid({}));
    const refused = { code: 'INVALID_TXN_STATE', message: expect.stringContaining('give { tx }') as string };
    await expect(producer.send(Strict, { id: 1 })).rejects.toMatchObject(refused);
    await expect(producer.sendBatch(Strict, [{ value: { id: 1 } }], { tx: null })).rejects.toMatchObject(refused);
    const strict = producerOf(await world.hybrid({ options: { requireTx: true } }));
    await expect(strict.send(Orders, { id: 1 })).rejects.toMatchObject(refused);
    await strict.send(Free, { id: 2 });
    await source.transaction((tx) => producer.send(Strict, { id: 3 }, { tx }));
    expect(await untilStored(3)).toEqual([2, 3]);
  });
});

describe('ambientTx', () => {
  /** As `@nestjs-cls/transactional` and `typeorm-transactional` keep a transaction. */
  const storage = new AsyncLocalStorage<EntityManager>();
  const transactional = <T>(work: () => Promise<T>) => source.transaction((manager) => storage.run(manager, work));

  it.each([
    [
      'a transaction host',
      () => ({ isTransactionActive: () => storage.getStore() !== undefined, tx: storage.getStore() ?? source.manager }),
    ],
    ['the manager of a patched data source', () => storage.getStore() ?? source.manager],
  ])('as %s gives its transaction to every producer; clients emit at once', async (_name, ambientTx) => {
    class Shop {
      constructor(@InjectProducer(Orders) readonly orders: TopicProducer<{ id: number }>) {}
    }
    const features = PostlogModule.forFeature([Orders]);
    class ShopModule {}
    Module({ imports: [features], providers: [Shop] })(ShopModule);
    const app = await world.hybrid({ imports: [ShopModule], options: { ambientTx } });
    const { orders } = app.get(Shop);
    await expect(
      transactional(async () => {
        await orders.send({ id: 1 });
        app.get(PostlogClient).emit(Orders, { id: 2 });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await transactional(() => orders.send({ id: 3 }));
    expect((await orders.send({ id: 4 })).baseOffset).toMatch(/^\d+$/);
    await until(() => stored.length >= 3);
    expect(idsStored()).toEqual([2, 3, 4]);
  });
});
