import { connect, type Postlog } from '@postlog/core';
import { testDatabase, type TestDatabase } from '@postlog/core/testing';
import { countLost, countRepeats } from './audit.js';
import type { PlacedOrder } from './orders.js';

const order = (id: string, partition: number, offset: string): PlacedOrder => ({
  id,
  partition,
  offset,
  customer: 'ada',
  status: 'confirmed',
  mailedBy: 'email-1',
});

let test: TestDatabase;
let postlog: Postlog;
beforeAll(async () => {
  test = await testDatabase();
  postlog = await connect({ url: test.url, logger: null });
});
afterAll(async () => {
  await postlog.close();
  await test.drop();
});

describe('the audit of a run', () => {
  it('counts the orders that are not where they were acknowledged to be', async () => {
    await postlog.admin().createTopics({ topics: [{ topic: 'orders.placed', numPartitions: 2 }] });
    const messages = ['a', 'b', 'c'].map((orderId) => ({ partition: 0, value: JSON.stringify({ orderId }) }));
    await postlog.producer().send({ topic: 'orders.placed', messages });
    const kept = [order('b', 0, '1'), order('c', 0, '2')];
    expect(await countLost(postlog, kept)).toBe(0);
    const overwritten = order('z', 0, '0');
    const behindTheEnd = order('d', 0, '3');
    const inAnEmptyPartition = order('e', 1, '0');
    expect(await countLost(postlog, [...kept, overwritten, behindTheEnd, inAnEmptyPartition])).toBe(3);
    expect(await countLost(postlog, [inAnEmptyPartition])).toBe(1);
    const nowhere = { ...order('f', 0, '0'), partition: null, offset: null };
    expect(await countLost(postlog, [...kept, nowhere, { ...nowhere, id: 'g' }])).toBe(2);
  });

  it('counts what was said again of a mail, in that run', async () => {
    await postlog.admin().createTopics({ topics: [{ topic: 'emails.sent', numPartitions: 2 }] });
    const messages = ['a', 'b', 'a', 'c'].map((orderId, index) => ({
      key: orderId,
      value: JSON.stringify({ orderId, run: index === 3 ? 'other' : 'r' }),
    }));
    await postlog.producer().send({ topic: 'emails.sent', messages });
    expect([await countRepeats(postlog, 'r'), await countRepeats(postlog, 'other')]).toEqual([1, 0]);
  });
});
