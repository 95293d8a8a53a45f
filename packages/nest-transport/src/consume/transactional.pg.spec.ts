import 'reflect-metadata';
import { Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { QueryHandle } from '@postlog/core';
import { DataSource, EntityManager } from 'typeorm';
import {
  Consumer,
  PostlogBatchContext,
  PostlogContext,
  PostlogProducer,
  Subscribe,
  Tx,
  type LogRecord,
} from '../index.js';
import { producerOf, testWorld, until, type World } from '../spec/world.js';

let world: World;
let source: DataSource;
const seen: unknown[] = [];
beforeEach(async () => {
  seen.length = 0;
  world = await testWorld(['orders', 'invoices']);
  source = await new DataSource({ type: 'postgres', url: world.url }).initialize();
  await source.query('create table effects (id text primary key, attempt integer)');
});
afterEach(async () => {
  await world.close();
  await source.destroy();
});

const effects = () => source.query<{ id: string; attempt: number }[]>('select id, attempt from effects order by id');
const sendAll = (producer: PostlogProducer, ids: readonly number[]) =>
  producer.sendBatch(
    'orders',
    ids.map((id) => ({ value: { id }, key: 'k' })),
  );
/** What was sent to the other topic: by the values that a group of its own sees. */
const invoices = async () => {
  const found: string[] = [];
  const consumer = world.log.consumer({ groupId: `looks-${Math.random()}` });
  await consumer.subscribe({ topics: ['invoices'], fromBeginning: true });
  await consumer.run({ eachMessage: ({ message }) => void found.push(String(message.value)) });
  return found;
};

describe('a handler in a transaction', () => {
  it('of the data source: its rows, its records and the offset are one commit, or none of them', async () => {
    @Consumer({ group: 'billing' })
    class Billing {
      constructor(@Inject(PostlogProducer) private readonly producer: PostlogProducer) {}

      @Subscribe('orders', { transaction: true })
      async handle(@Payload() order: { id: number }, @Tx() tx: EntityManager, @Ctx() context: PostlogContext) {
        seen.push(tx instanceof EntityManager && context.tx === tx);
        await tx.query('insert into effects values ($1, $2)', [`order ${order.id}`, context.attempt]);
        await this.producer.send('invoices', `invoice ${order.id}.${context.attempt}`);
        await this.producer.send('invoices', `outside ${order.id}.${context.attempt}`, { tx: null });
        if (order.id === 2 && context.attempt < 3) throw new Error('again');
      }
    }
    const app = await world.hybrid({ controllers: [Billing], options: { dataSource: source } });
    await sendAll(producerOf(app), [1, 2, 3]);
    const found = await invoices();
    await until(() => found.length === 8);
    expect(await effects()).toEqual([
      { id: 'order 1', attempt: 1 },
      { id: 'order 2', attempt: 3 },
      { id: 'order 3', attempt: 1 },
    ]);
    expect(found.filter((text) => text.startsWith('invoice')).sort()).toEqual([
      'invoice 1.1',
      'invoice 2.3',
      'invoice 3.1',
    ]);
    expect(new Set(seen)).toEqual(new Set([true]));
  });

  it('of the transport’s own connection, or of runInTransaction, when there is no data source', async () => {
    class Effects {
      @Subscribe('orders', { transaction: true })
      async handle(@Payload() { id }: { id: number }, @Tx() tx: QueryHandle, @Ctx() { group }: PostlogContext) {
        await tx.query('insert into effects values ($1, 1)', [`${group} ${id}`]);
      }
    }
    @Consumer({ group: 'own' })
    class Own extends Effects {}
    @Consumer({ group: 'given' })
    class Given extends Effects {}
    const app = await world.hybrid({ controllers: [Own] });
    const runInTransaction = (work: (tx: EntityManager) => Promise<void>) => source.transaction('SERIALIZABLE', work);
    await world.hybrid({ controllers: [Given], options: { runInTransaction } });
    await sendAll(producerOf(app), [1]);
    await until(async () => (await effects()).length === 2);
    expect((await effects()).map(({ id }) => id)).toEqual(['given 1', 'own 1']);
  });

  it('of a batch: a transaction for each call, which a failure leaves without any of its effects', async () => {
    @Consumer({ group: 'batches' })
    class Batches {
      @Subscribe('orders', { transaction: true, batch: { size: 2 } })
      async handle(
        @Payload() records: readonly LogRecord<{ id: number }>[],
        @Tx() tx: EntityManager,
        @Ctx() context: PostlogBatchContext,
      ) {
        seen.push(records.map(({ value }) => value.id));
        for (const { value } of records)
          await tx.query('insert into effects values ($1, $2)', [String(value.id), context.attempt]);
        if (records[0]!.value.id === 3 && context.attempt === 1) throw new Error('again');
      }
    }
    const app = await world.hybrid({ controllers: [Batches], options: { dataSource: source } });
    await sendAll(producerOf(app), [1, 2, 3, 4, 5]);
    await until(async () => (await effects()).length === 5);
    expect((await effects()).map(({ attempt }) => attempt)).toEqual([1, 1, 2, 2, 1]);
    expect(seen).toEqual([[1, 2], [3, 4], [3, 4], [5]]);
  });

  it('ends in a dead letter with the offset in one commit, without the effects of its attempts', async () => {
    @Consumer({ group: 'poisoned' })
    class Poisoned {
      @Subscribe('orders', { transaction: true, retry: { attempts: 2 } })
      async handle(@Payload() { id }: { id: number }, @Tx() tx: EntityManager): Promise<void> {
        await tx.query('insert into effects values ($1, 1)', [String(id)]);
        if (id === 2) throw new Error('poison');
      }
    }
    const app = await world.hybrid({ controllers: [Poisoned], options: { dataSource: source } });
    await sendAll(producerOf(app), [1, 2, 3]);
    await until(async () => (await effects()).length === 2);
    expect((await effects()).map(({ id }) => id)).toEqual(['1', '3']);
    const of = { topic: 'orders', groupId: 'poisoned' };
    await until(async () => (await world.log.deadLetters(of).list()).length === 1);
    expect(await world.log.deadLetters(of).list()).toMatchObject([{ attempts: 2, errorMessage: 'poison' }]);
  });

  it('is refused with keyConcurrency at boot, also from the configuration', async () => {
    const subscribe = () => Subscribe('orders', { transaction: true, keyConcurrency: 4 });
    expect(() => subscribe()({}, 'handle', { value: () => {} })).toThrow('give the topic more partitions');
    @Consumer({ group: 'keyed' })
    class Keyed {
      @Subscribe('orders', { id: 'keyed', transaction: true })
      handle(): void {}
    }
    const options = { subscriptions: { keyed: { keyConcurrency: 4 } } };
    await expect(world.hybrid({ controllers: [Keyed], options })).rejects.toThrow('leave out keyConcurrency');
  });

  it('is what @Tx() asks for', async () => {
    @Consumer({ group: 'bare' })
    class Bare {
      @Subscribe('orders', { retry: { attempts: 1 } })
      handle(@Payload() _order: unknown, @Tx() _tx: EntityManager): void {}
    }
    const app = await world.hybrid({ controllers: [Bare] });
    await sendAll(producerOf(app), [1]);
    const of = { topic: 'orders', groupId: 'bare' };
    await until(async () => (await world.log.deadLetters(of).list()).length === 1);
    const [letter] = await world.log.deadLetters(of).list();
    expect(letter!.errorMessage).toContain('transaction: true');
  });
});
