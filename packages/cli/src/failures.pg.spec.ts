import { connect, type ConsumerRun, type Postlog } from '@postlog/core';
import { testDatabase, type TestDatabase } from '@postlog/core/testing';
import { runCaptured } from './spec/run-captured.js';
import { bytes } from './table.js';

let test: TestDatabase;
let client: Postlog;
beforeAll(async () => {
  test = await testDatabase();
  client = await connect({ url: test.url, logger: null });
  await client.admin().createTopics({ topics: [{ topic: 'invoices' }] });
  const messages = ['a1', 'b1', 'b2'].map((value) => ({ key: value[0]!, value }));
  await client.producer().send({ topic: 'invoices', messages });
});
afterAll(async () => {
  await client.close();
  await test.drop();
});

const postlog = (...argv: string[]) => runCaptured(['--url', test.url, ...argv]);
const failing =
  (command: string, group: string) =>
  (verb: string, ...more: string[]) =>
    postlog(command, verb, '--topic', 'invoices', '--group', group, ...more);
const until = async (isSo: () => Promise<boolean>) => {
  while (!(await isSo())) await new Promise((wake) => setTimeout(wake, 20));
};

/** A consumer whose handler refuses everything of key b. */
async function consume(groupId: string, onExhausted: NonNullable<ConsumerRun['onExhausted']>) {
  const consumer = client.consumer({ groupId, autoOffsetReset: 'earliest' });
  await consumer.subscribe({ topics: ['invoices'] });
  await consumer.run({
    retry: { attempts: 1, delayMs: 60_000 },
    onExhausted,
    autoCommitInterval: 20,
    eachMessage: ({ message }) => {
      if (String(message.key) === 'b') throw new RangeError(`no ${String(message.value)}\u001b[2J`);
    },
  });
  return consumer;
}

describe('the postlog command', () => {
  it('lists, requeues and purges dead letters, without values unless it is told', async () => {
    const letters = failing('dead-letters', 'billing');
    expect((await letters('list')).out).toMatch(/^ID +TOPIC .*MESSAGE\n$/);
    const consumer = await consume('billing', 'deadLetter');
    await until(async () => (await letters('list')).out.split('\n').length === 4);
    await consumer.disconnect();
    const [, first] = (await letters('list')).out.split('\n');
    expect(first).toMatch(/^0:0 +invoices +0 +1 +b +1 +20.*Z +RangeError +no b1\ufffd\[2J$/);
    const page = JSON.parse((await letters('list', '--limit', '1', '--after', '0:0', '--json')).out) as object[];
    expect(page).toEqual([expect.objectContaining({ id: '0:1', offset: '2', key: 'b', errorName: 'RangeError' })]);
    expect(page[0]).not.toHaveProperty('value');
    expect(JSON.parse((await letters('list', '--id', '0:0', '--values', '--json')).out)).toMatchObject([
      { value: 'b1' },
    ]);
    expect((await letters('requeue')).error).toContain('--all');
    expect((await letters('requeue', '--key', 'a')).out).toBe('Requeued 0 of invoices.\n');
    expect((await letters('requeue', '--id', '0:0')).out).toBe('Requeued 1 of invoices.\n');
    expect(await letters('purge', '--all')).toMatchObject({
      code: 2,
      error: expect.stringContaining('--yes') as string,
    });
    expect((await letters('purge', '--all', '--yes', '--json')).out).toBe('{"purged":1}\n');
    expect((await letters('list', '--json')).out).toBe('[]\n');
  });

  it('lists, releases and discards what is parked', async () => {
    const parked = failing('parked', 'shipping');
    const consumer = await consume('shipping', 'parkKey');
    const waiting = async () =>
      JSON.parse((await parked('list', '--json')).out) as { offset: string; attempts: number }[];
    await until(async () => (await waiting()).length >= 2);
    const [, first] = (await parked('list')).out.split('\n');
    expect(first).toMatch(/^0 +1 +b +1 +20.*Z +\d+ +RangeError +no b1\ufffd\[2J$/);
    expect((await parked('release')).error).toContain('--key');
    expect((await parked('release', '--partition', '0')).error).toContain('--offset');
    expect((await parked('release', '--key', 'a')).out).toBe('Released 0 of invoices.\n');
    expect(JSON.parse((await parked('release', '--key', 'b', '--json')).out)).toMatchObject({
      released: expect.any(Number) as number,
    });
    await until(async () => (await waiting())[0]!.attempts === 2);
    expect((await parked('discard', '--partition', '0', '--offset', '1')).out).toBe('Discarded 1 of invoices.\n');
    await until(async () => (await waiting())[0]?.offset !== '1');
    await consumer.disconnect();
  });

  it('shows bytes as the text that they are, or in base 64', () => {
    expect([bytes(null), bytes(Buffer.from('ä')), bytes(Buffer.from([0xff]))]).toEqual([null, 'ä', { base64: '/w==' }]);
  });
});
