import 'reflect-metadata';
import { Inject, Module } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import {
  Consumer,
  defineTopic,
  PostlogClient,
  PostlogModule,
  PostlogProducer,
  Subscribe,
  type LogRecord,
} from '../index.js';
import { createTestLog, type TestLog } from './index.js';

interface Order {
  readonly id: number;
}
const Orders = defineTopic<Order>('orders', { partitions: 1, key: ({ id }) => String(id) });
const Invoices = defineTopic<Order>('invoices');
const seen: unknown[] = [];

@Consumer({ group: 'billing' })
class Billing {
  constructor(@Inject(PostlogProducer) private readonly producer: PostlogProducer) {}

  @Subscribe(Orders, { id: 'invoices' })
  async invoice(@Payload() order: Order): Promise<void> {
    seen.push(order.id);
    await this.producer.send(Invoices, order);
  }

  @Subscribe(Orders, { group: 'analytics', batch: { size: 10, waitMs: 60_000 } })
  load(@Payload() records: readonly LogRecord<Order>[]): void {
    seen.push(records.map(({ value }) => value.id));
  }

  @MessagePattern('quotes')
  quote(@Payload() { id }: Order): number {
    return id * 10;
  }
}

@Module({
  imports: [
    PostlogModule.forRoot({ url: 'postgres://nobody@127.0.0.1:1/none', group: 'shop', logger: null }),
    PostlogModule.forFeature([Orders, Invoices]),
  ],
  controllers: [Billing],
})
class AppModule {}

const quiet = { log: () => {}, warn: () => {}, error: () => {} };
let log: TestLog;
let app: INestApplication;
beforeEach(async () => {
  seen.length = 0;
  log = createTestLog();
  app = await log.start(Test.createTestingModule({ imports: [AppModule] }).setLogger(quiet));
});
afterEach(() => app.close());

describe('a log in memory for tests', () => {
  it('takes the place of Postgres: handlers run, and what they publish is there', async () => {
    await log.publish(Orders, { id: 1 });
    await log.publish('orders', { id: 2 }, { key: 'k', type: 'order.placed' });
    await log.idle();
    expect(seen).toEqual([1, 2, [1, 2]]);
    expect(log.committed('billing', Orders)).toEqual({ 0: '2' });
    expect(log.records(Invoices).map(({ value }) => value.id)).toEqual([1, 2]);
    expect(log.records(Orders)[1]).toMatchObject({ partition: 0, offset: '1', key: 'k', type: 'order.placed' });
  });

  it('lets a handler fail once, and time pass until it is called again', async () => {
    log.failNext('invoices', new RangeError('the database is down'));
    await log.publish(Orders, { id: 1 });
    await log.clock.advance('50ms');
    expect([seen, log.records(Invoices)]).toEqual([[], []]);
    await log.clock.advance('1s');
    expect([seen, log.records(Invoices).length]).toEqual([[1], 1]);
    await log.idle();
    expect(log.committed('billing', Orders)).toEqual({ 0: '1' });
  });

  it('handles again what was not committed when a group loses its members', async () => {
    await log.publish(Orders, { id: 1 });
    await log.clock.advance(10);
    expect(seen).toEqual([1]);
    await log.rebalance('billing');
    await log.idle();
    expect(seen).toEqual([1, 1, [1]]);
  });

  it('answers requests', async () => {
    expect(await app.get(PostlogClient).request('quotes', { id: 4 })).toBe(40);
  });

  it('says who is behind when it does not become idle', async () => {
    for (let failure = 0; failure < 200; failure++) log.failNext('invoices', new RangeError('for ever'));
    await log.publish(Orders, { id: 1 });
    await expect(log.idle()).rejects.toThrow(/billing is 1 records behind in orders.*RangeError: for ever/);
  });

  it('is refused in production', () => {
    process.env['NODE_ENV'] = 'production';
    try {
      expect(() => createTestLog()).toThrow('where NODE_ENV is production');
    } finally {
      process.env['NODE_ENV'] = 'test';
    }
  });
});
