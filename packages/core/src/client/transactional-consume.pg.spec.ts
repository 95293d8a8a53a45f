import type pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { BatchItemError } from '../index.js';
import { createDeferred } from '../runtime/deferred.js';
import { lagOf, until } from '../testing/collect.js';
import { outboxWorld } from '../testing/outbox-world.js';
import { runTransactional, transactionalWorld, type TransactionalWorld } from '../testing/transactional-world.js';

let world: TransactionalWorld;
beforeEach(async () => {
  world = await transactionalWorld();
});
afterEach(() => world.drop());

describe('a transactional handler', () => {
  it("commits what it wrote and sent together with the group's offset, and the group's lag follows", async () => {
    await world.postlog.admin().createTopics({ topics: [{ topic: 'copy' }] });
    await world.publish('a', 'b', 'c');
    await runTransactional<pg.ClientBase>(await world.consumer(), {
      eachMessage: async ({ message, transaction }) => {
        await world.save(transaction, message.value);
        await world.producer.send({ topic: 'copy', messages: [{ value: message.value }], transaction });
      },
    });
    expect(await world.untilStored(3, 'copy')).toEqual(['a', 'b', 'c']);
    expect(await world.saved()).toEqual(['a', 'b', 'c']);
    await until(async () => (await lagOf(world.postlog, 'copiers')) === 0);
  });

  it('leaves nothing behind of a call that fails, and is called again', async () => {
    await world.publish('a', 'b', 'c');
    const calls: string[] = [];
    await runTransactional<pg.ClientBase>(await world.consumer(), {
      eachMessage: async ({ message, transaction }) => {
        calls.push(String(message.value));
        await world.save(transaction, message.value);
        if (calls.filter((each) => each === 'b').length < 3 && String(message.value) === 'b')
          throw new Error('not yet');
      },
    });
    expect(await world.untilSaved(3)).toEqual(['a', 'b', 'c']);
    expect(calls).toEqual(['a', 'b', 'b', 'b', 'c']);
  });

  it('may swallow an error of the database: nothing commits, and it is called again', async () => {
    await world.publish('a');
    let calls = 0;
    await runTransactional<pg.ClientBase>(await world.consumer(), {
      eachMessage: async ({ message, transaction }) => {
        await world.save(transaction, message.value);
        if (++calls < 3) await transaction.query('select 1/0').catch(() => {});
      },
    });
    expect(await world.untilSaved(1)).toEqual(['a']);
    expect(calls).toBe(3);
  });

  it.each([true, false])(
    'takes effect once when the answer to its commit is lost (had it committed: %s)',
    async (hadCommitted) => {
      await world.publish('a', 'b');
      const client = await world.client();
      let lost = 0;
      await runTransactional<pg.Client>(await world.consumer(), {
        runInTransaction: async (work) => {
          await client.query('begin');
          await work(client).catch(async (error: unknown) => {
            await client.query('rollback');
            throw error;
          });
          if (lost++ > 0) return client.query('commit');
          await client.query(hadCommitted ? 'commit' : 'rollback');
          throw new Error('the answer is lost');
        },
        eachMessage: ({ message, transaction }) => world.save(transaction, message.value),
      });
      expect(await world.untilSaved(2)).toEqual(['a', 'b']);
    },
  );

  it('is called again when its transaction was rolled back behind our back', async () => {
    await world.publish('a', 'b');
    const client = await world.client();
    let rolledBack = 0;
    await runTransactional<pg.Client>(await world.consumer(), {
      runInTransaction: async (work) => {
        await client.query('begin');
        const isDone = await work(client).then(
          () => true,
          () => false,
        );
        await client.query(isDone && rolledBack++ > 0 ? 'commit' : 'rollback');
      },
      eachMessage: ({ message, transaction }) => world.save(transaction, message.value),
    });
    expect(await world.untilSaved(2)).toEqual(['a', 'b']);
  });

  it('is repeated after a serialization failure or a deadlock, without counting that as a failure', async () => {
    await world.publish('a');
    let calls = 0;
    const crashed: unknown[] = [];
    const consumer = await world.consumer(world.postlog, { retry: { retries: 0 } });
    consumer.on(consumer.events.CRASH, (event) => crashed.push(event));
    await runTransactional<pg.ClientBase>(consumer, {
      eachMessage: async ({ message, transaction }) => {
        await world.save(transaction, message.value);
        if (++calls === 4) return;
        const code = calls === 1 ? '40P01' : '40001';
        await transaction.query(`do $$ begin raise exception 'repeat' using errcode = '${code}'; end $$`);
      },
    });
    expect(await world.untilSaved(1)).toEqual(['a']);
    expect(calls).toBe(4);
    expect(crashed).toEqual([]);
  });

  it('waits for a database that is away, without counting that as a failure', async () => {
    await world.publish('a');
    const client = await world.client();
    const crashed: unknown[] = [];
    const consumer = await world.consumer(world.postlog, { retry: { retries: 0 } });
    consumer.on(consumer.events.CRASH, (event) => crashed.push(event));
    let begun = 0;
    await runTransactional<pg.Client>(consumer, {
      runInTransaction: async (work) => {
        if (++begun < 4) throw new Error('Connection terminated unexpectedly');
        await client.query('begin');
        await work(client);
        await client.query('commit');
      },
      eachMessage: ({ message, transaction }) => world.save(transaction, message.value),
    });
    expect(await world.untilSaved(1)).toEqual(['a']);
    expect([begun, crashed]).toEqual([4, []]);
  });

  it('of batches commits up to what it resolved, and nothing where it resolved nothing', async () => {
    await world.publish('a', 'b', 'c', 'd');
    const calls: string[][] = [];
    await runTransactional<pg.ClientBase>(await world.consumer(), {
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset, transaction }) => {
        const values = batch.messages.map(({ value }) => String(value));
        calls.push(values);
        await world.save(transaction, `${calls.length}:${values[0]}`);
        if (calls.length !== 2) resolveOffset(batch.messages[calls.length === 1 ? 0 : values.length - 1]!.offset);
      },
    });
    await world.untilSaved(2);
    expect(calls).toEqual([
      ['a', 'b', 'c', 'd'],
      ['b', 'c', 'd'],
      ['b', 'c', 'd'],
    ]);
    expect(await world.saved()).toEqual(['1:a', '3:b']);
  });

  it('of batches loses nothing of what came before the record that it names as failed', async () => {
    await world.publish('a', 'b', 'poison', 'd');
    const calls: string[] = [];
    await runTransactional<pg.ClientBase>(await world.consumer(), {
      retry: { attempts: 2, delayMs: 1, jitter: 0 },
      onExhausted: 'deadLetter',
      eachBatch: async ({ batch, transaction }) => {
        calls.push(batch.messages.map(({ value }) => String(value)).join(' '));
        for (const [index, { value }] of batch.messages.entries()) {
          if (String(value) === 'poison') throw new BatchItemError(index, new Error('no'));
          await world.save(transaction, value);
        }
      },
    });
    expect(await world.untilSaved(3)).toEqual(['a', 'b', 'd']);
    // Rolled back with the poison, once more without it, then the poison for the second time, and what was after it.
    expect(calls).toEqual(['a b poison d', 'a b', 'poison d', 'd']);
    const deadLetters = world.postlog.deadLetters({ topic: 't', groupId: 'copiers' });
    await until(async () => (await deadLetters.list()).length > 0); // It is in the outbox first.
    expect((await deadLetters.list()).map(({ value, attempts }) => [String(value), attempts])).toEqual([['poison', 2]]);
  });

  it("gets TypeORM's EntityManager where transactions are TypeORM's", async () => {
    await world.publish('a', 'b');
    const dataSource = await new DataSource({ type: 'postgres', url: world.url }).initialize();
    const consumer = await world.consumer();
    await runTransactional<EntityManager>(consumer, {
      runInTransaction: (work) => dataSource.transaction(work),
      eachMessage: async ({ message, transaction }) => {
        await world.save(transaction, message.value);
        if ((await transaction.query<unknown[]>('select 1 where false')).length > 0) throw new Error('never');
      },
    });
    expect(await world.untilSaved(2)).toEqual(['a', 'b']);
    await consumer.disconnect();
    await dataSource.destroy();
  });

  it.each(['repeatable read', 'serializable'])('may run under %s', async (isolation) => {
    await world.publish('a', 'b', 'c');
    const client = await world.client();
    const consumer = await world.consumer();
    await runTransactional<pg.Client>(consumer, {
      runInTransaction: async (work) => {
        await client.query(`begin isolation level ${isolation}`);
        await work(client);
        await client.query('commit');
      },
      eachMessage: ({ message, transaction }) => world.save(transaction, message.value),
    });
    expect(await world.untilSaved(3)).toEqual(['a', 'b', 'c']);
  });
});

describe('a transactional run', () => {
  const refused = async (options: object, more: object = {}) =>
    (await world.consumer(world.postlog, more)).run({
      transactional: true,
      eachMessage: () => {},
      ...options,
    } as never);

  it.each([
    [{ autoCommit: true }, 'autoCommit is of no use with transactional: true'],
    [{ keyConcurrency: 2 }, 'keyConcurrency is of no use'],
    [{ application: 'orders' }, 'there is no application orders'],
    [{ runInTransaction: 1 }, 'give (work) => dataSource.transaction(work)'],
    [{ transactional: 'yes' }, 'give true or false'],
    [{ transactional: false, runInTransaction: () => {} }, 'set that too'],
  ])('with %j is refused with the cure', async (options, cure) => {
    await expect(refused(options)).rejects.toThrow(cure);
  });

  it('whose transactions are of another database is told so, before a handler runs', async () => {
    await world.publish('a');
    const other = await outboxWorld();
    const client = await other.client();
    const crash = createDeferred<string>();
    let calls = 0;
    const consumer = await world.consumer(world.postlog, {
      retry: { retries: 0, restartOnFailure: () => Promise.resolve(false) },
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => crash.resolve(String((payload as { error: Error }).error)));
    await runTransactional<pg.Client>(consumer, {
      runInTransaction: async (work) => {
        await client.query('begin');
        await work(client).catch(async (error: unknown) => {
          await client.query('rollback');
          throw error;
        });
      },
      eachMessage: () => void (calls += 1),
    });
    expect(await crash.promise).toContain('UNREGISTERED_DATABASE');
    expect(calls).toBe(0);
    await other.drop();
  });
});
