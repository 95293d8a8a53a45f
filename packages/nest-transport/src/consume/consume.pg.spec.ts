import 'reflect-metadata';
import { Ctx, Payload } from '@nestjs/microservices';
import { z } from 'zod';
import {
  BatchItemError,
  Consumer,
  defineTopic,
  Header,
  Headers,
  Key,
  Offset,
  perInstance,
  PostlogBatchContext,
  PostlogContext,
  PostlogServer,
  Subscribe,
  type LogRecord,
} from '../index.js';
import { producerOf, testWorld, until, type World } from '../spec/world.js';

let world: World;
const seen: unknown[] = [];
beforeEach(async () => {
  seen.length = 0;
  world = await testWorld();
});
afterEach(() => world.close());

/** What was seen, in the order of its text. */
const sorted = () => [...seen].sort((one, other) => (String(one) < String(other) ? -1 : 1));
const groupsOf = (server: PostlogServer) => server.subscriptions.map(({ route }) => route.group);

describe('@Consumer and @Subscribe', () => {
  it('share a group, which inherited handlers join and their base class does not', async () => {
    class Base {
      @Subscribe('orders')
      inherited(@Payload() order: unknown, @Key() key: string): void {
        seen.push([this.constructor.name, key, order]);
      }
    }
    @Consumer({ group: 'billing' })
    class Billing extends Base {}
    @Consumer({ group: 'stock' })
    class Stock extends Base {
      @Subscribe('orders', { group: 'own' })
      own(): void {}
    }
    const app = await world.hybrid({ controllers: [Billing, Stock] });
    expect(groupsOf(app.get(PostlogServer)).sort()).toEqual(['billing', 'own', 'stock']);
    await producerOf(app).send('orders', 5, { key: 'k' });
    await until(() => seen.length === 2);
    expect(sorted()).toEqual([
      ['Billing', 'k', 5],
      ['Stock', 'k', 5],
    ]);
  });

  it('give parameters: key, header, headers, offset, context', async () => {
    @Consumer({ group: 'g' })
    class Orders {
      @Subscribe('orders')
      handle(
        @Payload() order: unknown,
        @Key() key: string | null,
        @Header('tenant') tenant: string,
        @Headers() headers: object,
        @Offset() offset: string,
        @Ctx() { attempt, type }: PostlogContext,
      ): void {
        seen.push({ order, key, tenant, names: Object.keys(headers), offset, attempt, type });
      }
    }
    const app = await world.hybrid({ controllers: [Orders] });
    await producerOf(app).send('orders', { id: 1 }, { key: 'k', type: 'placed', headers: { tenant: 'a' } });
    await until(() => seen.length === 1);
    expect(seen).toEqual([
      {
        order: { id: 1 },
        key: 'k',
        tenant: 'a',
        names: ['tenant', 'postlog-type'],
        offset: '0',
        attempt: 1,
        type: 'placed',
      },
    ]);
  });

  it('route by type inside one topic and group, with one offset; what nobody takes passes by', async () => {
    @Consumer({ group: 'g' })
    class Orders {
      @Subscribe('orders', { type: 'placed' })
      placed(@Payload() id: number): void {
        seen.push(['placed', id]);
      }

      @Subscribe('orders', { type: ['cancelled', 'expired'] })
      ended(@Payload() id: number, @Ctx() { type }: PostlogContext): void {
        seen.push([type, id]);
      }
    }
    const app = await world.hybrid({ controllers: [Orders] });
    const producer = producerOf(app);
    for (const [id, type] of ['placed', 'cancelled', 'archived', 'expired'].entries())
      await producer.send('orders', id, { key: 'k', type });
    await producer.send('orders', 9, { key: 'k' });
    await until(async () => (await world.lag('g')) === 0);
    expect(seen).toEqual([
      ['placed', 0],
      ['cancelled', 1],
      ['expired', 3],
    ]);
  });

  it('take batches of at most their size, and begin again at the record that failed', async () => {
    let hasFailed = false;
    @Consumer({ group: 'g' })
    class Orders {
      @Subscribe('orders', { batch: { size: 3 } })
      handle(@Payload() records: readonly LogRecord<number>[], @Ctx() context: PostlogBatchContext): void {
        expect(context).toBeInstanceOf(PostlogBatchContext);
        seen.push(records.map(({ value }) => value));
        if (!hasFailed && records.length > 1) {
          hasFailed = true;
          throw new BatchItemError(1, new Error('the second one'));
        }
      }
    }
    const app = await world.hybrid({ controllers: [Orders], options: { consume: true } });
    await producerOf(app).sendBatch(
      'orders',
      [0, 1, 2, 3, 4].map((value) => ({ value, key: 'k' })),
    );
    await until(async () => (await world.lag('g')) === 0);
    expect(seen).toEqual([[0, 1, 2], [1, 2, 3], [4]]);
  });

  it('wait for a batch to become full, and no longer than waitMs', async () => {
    @Consumer({ group: 'g' })
    class Orders {
      @Subscribe('orders', { batch: { size: 3, waitMs: 1_000 } })
      handle(@Payload() records: readonly LogRecord<number>[]): void {
        seen.push(records.map(({ value }) => value));
      }
    }
    const app = await world.hybrid({ controllers: [Orders] });
    for (const value of [0, 1, 2]) await producerOf(app).send('orders', value, { key: 'k' });
    await producerOf(app).sendBatch(
      'orders',
      [3, 4, 5, 6].map((value) => ({ value, key: 'k' })),
    );
    await until(async () => (await world.lag('g')) === 0);
    expect(seen).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  });

  it('check records against the contract, and handle those before a wrong one', async () => {
    const Orders = defineTopic('orders', { schema: z.object({ id: z.number(), note: z.string().default('none') }) });
    const failures: string[] = [];
    @Consumer()
    class Both {
      @Subscribe(Orders, { group: 'single' })
      one(@Payload() order: unknown): void {
        seen.push(order);
      }

      @Subscribe(Orders, { group: 'batch', batch: { size: 10 } })
      many(@Payload() records: readonly LogRecord[]): void {
        seen.push(records.length);
      }
    }
    const app = await world.hybrid({ controllers: [Both], options: { drainTimeoutMs: 100 } });
    app.get(PostlogServer).on('failure', ({ group }, error) => failures.push(`${group} ${(error as Error).message}`));
    const messages = ['{"id":1}', '{"id":"wrong"}'].map((value) => ({ key: 'k', value }));
    await world.log.producer().send({ topic: 'orders', messages });
    await until(() => new Set(failures.map((failure) => failure.split(' ')[0])).size === 2);
    expect(seen).toEqual(expect.arrayContaining([{ id: 1, note: 'none' }, 1]));
    expect(failures[0]).toMatch(/does not fit the schema of orders: id/);
    await expect(producerOf(app).send(Orders, { id: 'x' } as never)).rejects.toThrow('does not fit the schema');
  });

  it('with a pattern take topics that come later', async () => {
    @Consumer({ group: 'g' })
    class All {
      @Subscribe(/^audit\..+$/)
      handle(@Payload() audit: unknown, @Ctx() { topic }: PostlogContext): void {
        seen.push([topic, audit]);
      }
    }
    await world.log.admin().createTopics({ topics: [{ topic: 'audit.first' }] });
    const app = await world.hybrid({ controllers: [All] });
    await producerOf(app).send('audit.first', 1);
    await world.log.admin().createTopics({ topics: [{ topic: 'audit.second' }] });
    await producerOf(app).send('audit.second', 2);
    await until(() => seen.length === 2);
    expect(sorted()).toEqual([
      ['audit.first', 1],
      ['audit.second', 2],
    ]);
  });

  it('with perInstance() reach every process, from now on, and leave no group behind', async () => {
    @Consumer({ group: perInstance('caches') })
    class Caches {
      @Subscribe('orders')
      handle(@Payload() order: unknown): void {
        seen.push(order);
      }
    }
    await world.log.producer().send({ topic: 'orders', messages: [{ value: 'before' }] });
    const apps = [await world.hybrid({ controllers: [Caches] }), await world.hybrid({ controllers: [Caches] })];
    const groups = apps.flatMap((app) => groupsOf(app.get(PostlogServer)));
    expect(new Set(groups).size).toBe(2);
    await until(() => apps.every((app) => app.get(PostlogServer).subscriptions[0]!.state === 'connected'));
    await producerOf(apps[0]!).send('orders', 'after');
    await until(() => seen.length === 2);
    expect(seen).toEqual(['after', 'after']);
    for (const app of apps) await app.close();
    const { groups: left } = await world.log.admin().listGroups();
    expect(left.filter(({ groupId }) => groupId.startsWith('caches'))).toEqual([]);
  });

  it('give a call up after timeoutMs: its signal aborts and the record is handled again', async () => {
    @Consumer({ group: 'g' })
    class Slow {
      @Subscribe('orders', { timeoutMs: 50 })
      handle(@Ctx() { attempt, signal }: PostlogContext): Promise<void> | void {
        if (attempt > 1) return void seen.push(`attempt ${attempt}`);
        return new Promise(() => signal.addEventListener('abort', () => seen.push('aborted')));
      }
    }
    const app = await world.hybrid({ controllers: [Slow] });
    await producerOf(app).send('orders', 1);
    await until(() => seen.length === 2);
    expect(seen).toEqual(['aborted', 'attempt 2']);
  });

  it('handle keys of one partition at the same time with keyConcurrency', async () => {
    const release: (() => void)[] = [];
    @Consumer({ group: 'g' })
    class Keyed {
      @Subscribe('orders', { keyConcurrency: 4 })
      handle(@Key() key: string): Promise<void> {
        seen.push(key);
        return new Promise((resolve) => release.push(resolve));
      }
    }
    const app = await world.hybrid({ controllers: [Keyed] });
    const records = ['a', 'b', 'a', 'c'].map((key) => ({ value: key, key, partition: 0 }));
    await producerOf(app).sendBatch('orders', records);
    await until(() => seen.length === 3);
    expect(seen).toEqual(['a', 'b', 'c']);
    for (const resolve of release.splice(0)) resolve();
    await until(() => seen.length === 4);
    release[0]!();
  });
});
