import type pg from 'pg';
import { createDeferred } from '../runtime/deferred.js';
import { until } from '../testing/collect.js';
import { runTransactional, transactionalWorld, type TransactionalWorld } from '../testing/transactional-world.js';

let world: TransactionalWorld;
beforeEach(async () => {
  world = await transactionalWorld();
});
afterEach(() => world.drop());

describe('a member that lost its partition', () => {
  it('cannot commit what it began: its transaction is rolled back, and the new owner handles the record', async () => {
    await world.publish('a');
    const [entered, goOn] = [createDeferred<void>(), createDeferred<void>()];
    const errors: unknown[] = [];
    const slow = await world.consumer(world.postlog, { maxPollIntervalMs: 200 });
    await runTransactional<pg.ClientBase>(slow, {
      eachMessage: async ({ transaction }) => {
        await world.save(transaction, 'by the old owner');
        entered.resolve();
        await goOn.promise;
        await transaction.query('select 1').catch((error: unknown) => errors.push(error));
      },
    });
    await entered.promise;
    const quick = await world.consumer(await world.connect());
    await runTransactional<pg.ClientBase>(quick, {
      eachMessage: ({ transaction }) => world.save(transaction, 'by the new owner'),
    });
    expect(await world.untilSaved(1)).toEqual(['by the new owner']);
    goOn.resolve();
    await slow.disconnect();
    expect(await world.saved()).toEqual(['by the new owner']);
    expect(errors).toEqual([]);
  });

  it('and stopped between its last statement and the commit is ended, since the next owner would wait for it', async () => {
    await world.publish('a');
    const first = await world.consumer(world.postlog, { maxPollIntervalMs: 200 });
    const client = await world.client();
    const [holding, never] = [createDeferred<void>(), createDeferred<void>()];
    await runTransactional<pg.Client>(first, {
      runInTransaction: async (work) => {
        await client.query('begin');
        await work(client);
        holding.resolve();
        await never.promise;
      },
      eachMessage: ({ transaction }) => world.save(transaction, 'stopped'),
    });
    await holding.promise;
    await runTransactional<pg.ClientBase>(await world.consumer(await world.connect()), {
      eachMessage: ({ transaction }) => world.save(transaction, 'by the new owner'),
    });
    expect(await world.untilSaved(1)).toEqual(['by the new owner']);
    never.reject(new Error('the connection is gone'));
  }, 30_000);
});

describe('where a transactional group goes on', () => {
  const consume = async (count: number) => {
    const consumer = await world.consumer();
    const seen: string[] = [];
    await runTransactional<pg.ClientBase>(consumer, {
      eachMessage: ({ message }) => void seen.push(String(message.value)),
    });
    await until(() => seen.length >= count);
    await consumer.disconnect();
    return seen;
  };

  it('is what was committed with the effects, whatever the offset in the group says', async () => {
    await world.publish('a', 'b');
    expect(await consume(2)).toEqual(['a', 'b']);
    await world.database.query({ name: 'behind', text: 'update postlog.committed_offset set committed_offset = 0' });
    await world.publish('c');
    expect(await consume(1)).toEqual(['c']);
  });

  it('is where the offsets of the group were set to since', async () => {
    await world.publish('a', 'b');
    expect(await consume(2)).toEqual(['a', 'b']);
    await world.postlog.admin().resetOffsets({ groupId: 'copiers', topic: 't', earliest: true });
    expect(await consume(2)).toEqual(['a', 'b']);
  });

  it('is where handlers without transactions came since', async () => {
    await world.publish('a', 'b');
    expect(await consume(2)).toEqual(['a', 'b']);
    await world.publish('c');
    const plain = await world.consumer();
    const seen: string[] = [];
    await plain.run({ eachMessage: ({ message }) => void seen.push(String(message.value)) });
    await until(() => seen.length === 1);
    await plain.disconnect();
    await world.publish('d');
    expect(await consume(1)).toEqual(['d']);
  });

  it('is the beginning for a group that was deleted and comes again', async () => {
    await world.publish('a', 'b');
    expect(await consume(2)).toEqual(['a', 'b']);
    await world.postlog.admin().deleteGroups(['copiers']);
    expect(await consume(2)).toEqual(['a', 'b']);
  });

  it('may be moved by seek', async () => {
    await world.publish('a', 'b');
    const consumer = await world.consumer();
    const seen: string[] = [];
    await runTransactional<pg.ClientBase>(consumer, {
      eachMessage: ({ message }) => void seen.push(String(message.value)),
    });
    await until(() => seen.length === 2);
    consumer.seek({ topic: 't', partition: 0, offset: '1' });
    await until(() => seen.length === 3);
    expect(seen).toEqual(['a', 'b', 'b']);
    await expect(consumer.commitOffsets([{ topic: 't', partition: 0, offset: '0' }])).rejects.toThrow('seek()');
    await consumer.disconnect();
    await world.publish('c');
    expect(await consume(1)).toEqual(['c']);
  });
});
