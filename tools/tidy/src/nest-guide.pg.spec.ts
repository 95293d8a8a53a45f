import { readFileSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createTestLog } from '@postlog/nest-transport/testing';
import { testDatabase } from '@postlog/core/testing';
import { firstValueFrom } from 'rxjs';

Logger.overrideLogger(false);
const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const linesOf = (code: string) =>
  code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');

describe('the guide to the Nest transport', () => {
  it('shows code that stands in an application that runs, or in this file', () => {
    const code = [linesOf(read('./examples/nest-guide.ts')), linesOf(read('./nest-guide.pg.spec.ts'))];
    const blocks = [...read('../../../docs/guide/nest.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(
      ([, block]) => block!,
    );
    expect(blocks.length).toBeGreaterThan(8);
    expect(blocks.filter((block) => !code.some((each) => each.includes(linesOf(block))))).toEqual([]);
  });

  it('does what it says', async () => {
    const { url, drop } = await testDatabase();
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
    expect(await app.get(Health).check()).toMatchObject({ log: { status: 'up' } });
    await app.close();
    await drop();
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
