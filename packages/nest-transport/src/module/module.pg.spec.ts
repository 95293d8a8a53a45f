import 'reflect-metadata';
import { Controller, Injectable, Module } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { z } from 'zod';
import {
  defineTopic,
  InjectFrom,
  InjectProducer,
  POSTLOG,
  PostlogClient,
  PostlogModule,
  PostlogProducer,
  PostlogServer,
  Subscribe,
  TopicProducer,
  type PostlogModuleOptions,
} from '../index.js';
import { producerOf, testWorld, until, type World } from '../spec/world.js';

interface OrderPlaced {
  readonly id: number;
}
const Placed = defineTopic<OrderPlaced>('placed', { partitions: 3, key: ({ id }) => String(id) });

@Injectable()
class Shop {
  constructor(
    @InjectProducer(Placed) readonly placed: TopicProducer<OrderPlaced>,
    readonly producer: PostlogProducer,
  ) {}
}

let world: World;
beforeEach(async () => (world = await testWorld()));
afterEach(() => world.close());

const partitionsOf = async (topic: string) => {
  const { topics } = await world.log.admin().fetchTopicMetadata({ topics: [topic] });
  return topics[0]!.partitions.length;
};

describe('PostlogModule', () => {
  it('creates declared topics and gives each its producer', async () => {
    const app = await world.hybrid({ imports: [PostlogModule.forFeature([Placed])], providers: [Shop] });
    expect(await partitionsOf('placed')).toBe(3);
    const { placed, producer } = app.get(Shop);
    const { partition } = await placed.send({ id: 7 });
    expect((await producer.send(Placed, { id: 7 })).partition).toBe(partition);
    expect((await placed.sendBatch([{ value: { id: 7 } }]))[0]!.partition).toBe(partition);
  });

  it('sends in the order of the calls, whether a schema checks the values or not', async () => {
    const Checked = defineTopic('orders', { schema: z.number() });
    const producer = producerOf(await world.hybrid({}));
    const sends = Array.from({ length: 40 }, (_, value) =>
      producer.send((value % 2 === 0 ? Checked : 'orders') as typeof Checked, value, { partition: 0 }),
    );
    const offsets = (await Promise.all(sends)).map(({ baseOffset }) => Number(baseOffset));
    expect(offsets).toEqual(offsets.toSorted((one, other) => one - other));
  });

  it('creates nothing with createTopics: never, and says what is missing', async () => {
    const start = () =>
      world.hybrid({ imports: [PostlogModule.forFeature([Placed])], options: { createTopics: 'never' } });
    await expect(start()).rejects.toThrow('topic placed does not exist');
    await world.log.admin().createTopics({ topics: [{ topic: 'placed' }] });
    await start();
    expect(await partitionsOf('placed')).toBe(1);
  });

  it('creates no topic of answers either with createTopics: never', async () => {
    @Controller()
    class Quotes {
      @MessagePattern('quotes')
      quote(): number {
        return 5;
      }
    }
    const options = { createTopics: 'never' } as const;
    const admin = world.log.admin();
    await admin.createTopics({ topics: [{ topic: 'quotes' }] });
    await expect(world.hybrid({ controllers: [Quotes], options })).rejects.toThrow('topics create --topic __replies');
    const client = new PostlogClient({ url: world.url, logger: null, ...options });
    await client.connect();
    await expect(client.request('quotes', {})).rejects.toThrow('topics create --topic __replies');
    expect(await admin.listTopics()).not.toContain('__replies');
    await admin.createTopics({ topics: [{ topic: '__replies', numPartitions: 2 }] });
    await world.hybrid({ controllers: [Quotes], options });
    expect(await client.request('quotes', {})).toBe(5);
    await client.close();
  });

  it('is configured by a factory, a class, or one that is there', async () => {
    @Injectable()
    class Settings {
      createPostlogOptions(): PostlogModuleOptions {
        return { url: world.url, logger: null };
      }
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    for (const options of [
      { inject: [], useFactory: () => Promise.resolve({ url: world.url, logger: null }) },
      { useClass: Settings },
      { imports: [SettingsModule], useExisting: Settings },
    ]) {
      const module = await Test.createTestingModule({ imports: [PostlogModule.forRootAsync(options)] }).compile();
      await module.init();
      await expect(module.get(PostlogProducer).send('orders', 'x')).resolves.toMatchObject({ topicName: 'orders' });
      await module.close();
    }
  });

  it('has several connections, each with its own name', async () => {
    const other = await testWorld(['audits']);
    const seen: unknown[] = [];
    @Controller()
    class Both {
      constructor(@InjectFrom('audit', 'producer') readonly audit: PostlogProducer) {}

      @Subscribe('orders')
      order(@Payload() order: unknown): void {
        seen.push(order);
      }

      @Subscribe('audits', { connection: 'audit', group: 'auditors' })
      audited(@Payload() audit: unknown): void {
        seen.push(audit);
      }
    }
    const app = await world.hybrid({
      imports: [
        PostlogModule.forRoot({ ...other.options, name: 'audit' }),
        PostlogModule.forFeature([Placed], 'audit'),
      ],
      controllers: [Both],
    });
    await producerOf(app).send('orders', 'an order');
    await app.get(Both).audit.send('audits', 'an audit');
    await until(() => seen.length === 2);
    expect(new Set(seen)).toEqual(new Set(['an audit', 'an order']));
    expect(await other.log.admin().listTopics()).toContain('placed');
    expect(await world.log.admin().listTopics()).not.toContain('placed');
    await app.close();
    await other.close();
  });

  it('reads names and settings from the configuration', async () => {
    await world.log.admin().createTopics({ topics: [{ topic: 'test.orders' }] });
    const seen: unknown[] = [];
    @Controller()
    class Orders {
      @Subscribe('orders', { id: 'orders', group: 'in-the-code' })
      order(@Payload() order: unknown): void {
        seen.push(order);
      }
    }
    const app = await world.hybrid({
      controllers: [Orders],
      options: { topicName: (name) => `test.${name}`, subscriptions: { orders: { group: 'configured' } } },
    });
    await producerOf(app).send('orders', 1);
    await until(() => seen.length === 1);
    expect(app.get(PostlogServer).subscriptions.map(({ route }) => [route.topic, route.group])).toEqual([
      ['test.orders', 'configured'],
    ]);
  });

  it('consumes nothing with consume: false, and needs no server then', async () => {
    const seen: unknown[] = [];
    @Controller()
    class Orders {
      @Subscribe('orders')
      order(@Payload() order: unknown): void {
        seen.push(order);
      }
    }
    const app = await world.hybrid({ controllers: [Orders], options: { consume: false } });
    await producerOf(app).send('orders', 1);
    expect(app.get(PostlogServer).subscriptions).toEqual([]);
    const module = await Test.createTestingModule({
      imports: [PostlogModule.forRoot({ ...world.options, consume: false })],
      controllers: [Orders],
    }).compile();
    await module.init();
    await module.close();
    expect(seen).toEqual([]);
  });

  it('says once at boot what is consumed, and what is otherwise than declared', async () => {
    const lines: string[] = [];
    const logger = { log: (line: unknown) => lines.push(String(line)), warn: () => {}, error: () => {} };
    await world.log.admin().createTopics({ topics: [{ topic: 'placed' }] });
    @Controller()
    class Orders {
      @Subscribe('orders', { id: 'mails', group: 'mailers', concurrency: 4 })
      order(): void {}
    }
    await world.hybrid({
      controllers: [Orders],
      imports: [PostlogModule.forFeature([Placed])],
      prepare: (app) => app.useLogger(logger),
    });
    expect(lines.filter((line) => line.startsWith('Postlog '))).toEqual([
      'Postlog consumes 1 subscription\n  orders → mailers: Orders.order (mails); concurrency 4\n' +
        '  ! placed has 1 partitions and 3 are declared',
    ]);
  });
});

describe('boot fails with the line to change', () => {
  class Nothing {}
  const subscriber = (topic: string, options?: Parameters<typeof Subscribe>[1]) => {
    class Orders {
      handle(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, 'handle')!;
    Subscribe(topic, options)(Orders.prototype, 'handle', descriptor);
    Controller()(Orders);
    return Orders;
  };

  it.each<[string, () => Parameters<World['hybrid']>[0], string]>([
    ['an unknown topic', () => ({ controllers: [subscriber('order')] }), 'did you mean "orders"?'],
    [
      'settings for an id that is not there',
      () => ({ controllers: [subscriber('orders', { id: 'mails' })], options: { subscriptions: { mail: {} } } }),
      'did you mean "mails"?',
    ],
    [
      'settings that nobody knows',
      () => ({
        controllers: [subscriber('orders', { id: 'mails' })],
        options: { subscriptions: { mails: { concurency: 1 } as object } },
      }),
      'did you mean "concurrency"?',
    ],
    ['a misspelt option', () => ({ options: { createTopic: 'never' } as object }), 'did you mean "createTopics"?'],
    ['a wrong choice', () => ({ options: { createTopics: 'always' as never } }), "give 'declared' or 'never'"],
    [
      'a pattern without a topic',
      () => {
        class Sums {
          sum(): void {}
        }
        const descriptor = Object.getOwnPropertyDescriptor(Sums.prototype, 'sum')!;
        MessagePattern({ cmd: 'sum' })(Sums.prototype, 'sum', descriptor);
        Controller()(Sums);
        return { controllers: [Sums] };
      },
      "requestTopic: '…'",
    ],
  ])('for %s', async (_title, application, message) => {
    await expect(world.hybrid(application())).rejects.toThrow(message);
  });

  it.each([
    [{ gruop: 'x' }, 'did you mean "group"?'],
    [{ batch: { size: 5 }, keyConcurrency: 2 }, 'leave out keyConcurrency'],
    [{ batch: { size: 5 }, type: 'a' }, 'leave out type'],
    [{ concurrency: 0 }, 'a whole number from 1'],
    [{ batch: { size: 0 } }, 'batch.size'],
    [{ batch: { size: 5, waitMs: -1 } }, 'batch.waitMs'],
  ])('for %j, where it is written', (options, message) => {
    expect(() => subscriber('orders', options as object)).toThrow(message);
  });

  it('for an application without the module', async () => {
    const { connectPostlog } = await import('../index.js');
    const { DiscoveryModule } = await import('@nestjs/core');
    const module = await Test.createTestingModule({ imports: [DiscoveryModule], providers: [Nothing] }).compile();
    expect(() => connectPostlog(module.createNestApplication())).toThrow('import PostlogModule.forRoot');
    expect(() => module.get(POSTLOG)).toThrow();
    await module.close();
  });
});
