import { readdirSync, readFileSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { connectPostlog, NonRetriableError, PostlogDeadLetters } from '@postlog/nest-transport';
import { createTestLog } from '@postlog/nest-transport/testing';
import { databaseWithSchema } from '@postlog/core/testing';
import { firstValueFrom } from 'rxjs';
import { jest } from '@jest/globals';
import { DataSource } from 'typeorm';

Logger.overrideLogger(false);
const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const linesOf = (code: string) =>
  code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');

const PAGES = [
  'nest',
  'getting-started',
  'topics',
  'publish',
  'consume',
  'batches',
  'transactions',
  'failures',
  'request-reply',
  'testing',
  'deployment',
  'from-the-kafka-transport',
];
const EXAMPLES = ['nest-hello', 'nest-guide', 'nest-transactions', 'kafka-before', 'kafka-after'];

jest.setTimeout(120_000);

describe('the guide to the Nest transport', () => {
  it('shows code that stands in an application that runs, or in this file', () => {
    const files = [...EXAMPLES.map((name) => `./examples/${name}.ts`), './nest-guide.pg.spec.ts'];
    const code = files.map((file) => linesOf(read(file)));
    const blocks = PAGES.flatMap((page) =>
      [...read(`../../../docs/guide/${page}.md`).matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block!),
    );
    expect(blocks.length).toBeGreaterThan(25);
    expect(blocks.filter((block) => !code.some((each) => each.includes(linesOf(block))))).toEqual([]);
  });

  it('names its pages in its first, and links to nothing that is not there', () => {
    const guide = new URL('../../../docs/guide/', import.meta.url);
    const all = readdirSync(guide);
    const first = read('../../../docs/guide/nest.md');
    expect(all.filter((page) => page !== 'nest.md' && !first.includes(`(${page})`))).toEqual([]);
    const links = all.flatMap((page) =>
      [...readFileSync(new URL(page, guide), 'utf8').matchAll(/\]\(([\w-]+\.md)/g)].map(([, link]) => link!),
    );
    expect(links.filter((link) => !all.includes(link))).toEqual([]);
  });

  it('does what it says', async () => {
    const { url, drop } = await databaseWithSchema();
    process.env['DATABASE_URL'] = url;
    const { Buyer, happened, Health, main, Shop } = await import('./examples/nest-guide.js');
    const app = await main(0);
    const shop = app.get(Shop);
    await shop.place({ orderId: '1', customer: 'ada', total: 5 }, 'x');
    await shop.cancel('1');
    expect(await app.get(Buyer).ask({ item: 'tea' })).toEqual({ price: 3 });
    expect(await firstValueFrom(app.get(Buyer).askAll([{ item: 'a' }, { item: 'bb' }]))).toEqual([
      { price: 1 },
      { price: 2 },
    ]);
    while (happened.length < 3) await new Promise((wake) => setTimeout(wake, 5));
    expect(new Set(happened)).toEqual(new Set(['billing invoiced 1 for ada', 'loaded 5', '1 ended']));
    const reminder = await shop.remind('1');
    expect([await shop.forget(reminder), await shop.forget(reminder)]).toEqual([true, false]);
    expect(await app.get(Health).check()).toMatchObject({ log: { status: 'up' } });
    await app.close();
    const said = new Promise((resolve) => jest.spyOn(console, 'log').mockImplementation(resolve));
    const { hello } = await import('./examples/nest-hello.js');
    const first = await hello(0);
    expect(await said).toBe('hello, Ada');
    jest.restoreAllMocks();
    await first.close();
    await drop();
  });

  it('publishes and handles in transactions, and sends dead letters back', async () => {
    const { url, drop } = await databaseWithSchema();
    process.env['DATABASE_URL'] = url;
    const { Invoice, Order, Shop, Support, TransactionsModule } = await import('./examples/nest-transactions.js');
    const app = await NestFactory.create(TransactionsModule);
    connectPostlog(app);
    const source = app.get(DataSource);
    await source.synchronize();
    await app.startAllMicroservices();
    const shop = app.get(Shop);
    for (const [orderId, total] of [
      ['1', 5],
      ['2', 0],
      ['3', -1],
      ['4', 7],
    ] as const)
      await shop.place({ orderId, total });
    await expect(shop.place({ orderId: null as never, total: 1 })).rejects.toThrow();
    const letters = () => app.get(PostlogDeadLetters).list('orders.placed', { group: 'billing' });
    while ((await source.manager.count(Invoice)) < 2 || (await letters()).length < 1)
      await new Promise((wake) => setTimeout(wake, 5));
    expect(await source.manager.count(Order)).toBe(4);
    expect(await letters()).toMatchObject([{ payload: { orderId: '3' }, handlerId: 'invoices', attempts: 1 }]);
    const log = jest.spyOn(console, 'log').mockImplementation(() => {});
    expect(await app.get(Support).sendBack('invoices')).toEqual({ requeued: 1 });
    log.mockRestore();
    await app.close();
    await drop();
  });

  it('moves from the Kafka transport', async () => {
    const { main } = await import('./examples/kafka-before.js');
    expect(main).toBeInstanceOf(Function);
    const after = await import('./examples/kafka-after.js');
    const log = createTestLog();
    const app = await log.start(Test.createTestingModule({ imports: [after.AppModule] }));
    await log.publish('orders.placed', { orderId: '1', customer: 'ada', item: 'tea' });
    await log.idle();
    const [invoice] = log.records('invoices.issued');
    expect(invoice).toMatchObject({ key: 'ada', value: { orderId: '1', price: 3 } });
    log.failNext("@EventPattern('orders.placed')", new NonRetriableError('no such customer'));
    await log.publish('orders.placed', { orderId: '2', customer: 'bob', item: 'tea' });
    await log.idle();
    expect(log.records('orders.placed.dlq.billing')).toMatchObject([{ value: { orderId: '2' } }]);
    await app.close();
  });

  it('tests an application without a server', async () => {
    const { AppModule, happened, OrdersPlaced, worker } = await import('./examples/nest-guide.js');
    expect(worker).toBeInstanceOf(Function);
    happened.length = 0;
    const order = { orderId: '7', customer: 'ada', total: 5 };
    const log = createTestLog();
    const app = await log.start(Test.createTestingModule({ imports: [AppModule] })); // builds, attaches, starts
    log.failNext('invoices', new Error('the database is down')); // a handler's id

    await log.publish(OrdersPlaced, order);
    await log.idle(); // everything is handled and committed
    expect(happened).toContain('billing invoiced 7 for ada');
    expect(Object.values(log.committed('billing', OrdersPlaced))).toContain('1');
    expect(log.records(OrdersPlaced)[0]!.value.orderId).toBe('7');
    await app.close();
  });
});
