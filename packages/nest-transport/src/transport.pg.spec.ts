import 'reflect-metadata';
import {
  Catch,
  Controller,
  Injectable,
  Module,
  type ArgumentsHost,
  type ExceptionFilter,
  type Type,
  UseFilters,
} from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { connect, silentLogger, type Postlog } from '@postlog/core';
import { databaseWithSchema, type TestDatabase } from '@postlog/core/testing';
import { EMPTY, firstValueFrom, type Observable } from 'rxjs';
import {
  connectPostlog,
  postlogMicroservice,
  PostlogClient,
  PostlogContext,
  PostlogModule,
  PostlogProducer,
  PostlogServer,
  Subscribe,
} from './index.js';

interface Seen {
  readonly by: string;
  readonly payload: unknown;
  readonly context?: PostlogContext;
}

/** What handlers saw, and who waits for it. */
const seen: Seen[] = [];
let failures = 0;
let test: TestDatabase;
let admin: Postlog;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((wake) => setTimeout(wake, 5));
}

@Catch(TypeError)
class HandledFilter implements ExceptionFilter {
  catch(_error: unknown, _host: ArgumentsHost): Observable<never> {
    return EMPTY;
  }
}

@Injectable()
class Greeting {
  readonly text = 'hello';
}

@Controller()
class OrdersController {
  constructor(private readonly greeting: Greeting) {}

  @Subscribe('orders', { group: 'mailers' })
  mail(@Payload() payload: unknown, @Ctx() context: PostlogContext): void {
    seen.push({ by: `mailers:${this.greeting.text}`, payload, context });
  }

  @Subscribe('orders', { group: 'flaky' })
  flaky(@Payload() payload: unknown): void {
    if (failures++ < 2) throw new RangeError('not yet');
    seen.push({ by: 'flaky', payload });
  }

  @UseFilters(HandledFilter)
  @Subscribe('orders', { group: 'filtered' })
  filtered(@Payload() payload: unknown): void {
    seen.push({ by: 'filtered', payload });
    throw new TypeError('a filter answers EMPTY');
  }

  @EventPattern('orders')
  standard(@Payload() payload: unknown): void {
    seen.push({ by: 'standard', payload });
  }
}

const moduleFor = (url: string) =>
  PostlogModule.forRoot({
    url,
    group: 'default-group',
    logger: silentLogger,
    retry: { delayMs: 5, maxDelayMs: 10 },
  });

beforeEach(async () => {
  seen.length = 0;
  failures = 0;
  test = await databaseWithSchema();
  admin = await connect({ url: test.url, logger: null });
  await admin.admin().createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] });
});
afterEach(async () => {
  await admin.close();
  await test.drop();
});

async function hybrid(controllers: Type[] = [OrdersController]) {
  @Module({ imports: [moduleFor(test.url)], controllers, providers: [Greeting] })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  connectPostlog(app);
  await app.startAllMicroservices();
  await app.init();
  return app;
}

describe('the Nest transport', () => {
  it('gives every group of a topic every record, with its place and key', async () => {
    const app = await hybrid();
    const place = await app
      .get(PostlogProducer)
      .send('orders', { id: 1 }, { key: 'customer', headers: { tenant: 'x' } });
    await until(() => new Set(seen.map(({ by }) => by)).size === 4);
    const { payload, context } = seen.find(({ by }) => by === 'mailers:hello')!;
    expect(payload).toEqual({ id: 1 });
    expect(context).toMatchObject({
      topic: 'orders',
      partition: place.partition,
      offset: place.baseOffset,
      key: 'customer',
      group: 'mailers',
    });
    expect(context!.getMetadata()).toEqual({ tenant: 'x' });
    expect(context!.idempotencyKey).toBe(`mailers:orders:${place.partition}:${place.baseOffset}`);
    await app.close();
  });

  it('calls a failing handler again with the same record, in order, while other groups go on', async () => {
    const app = await hybrid();
    const reported: unknown[] = [];
    app.get(PostlogServer).on('failure', (_context, error) => reported.push(error));
    const producer = app.get(PostlogProducer);
    await producer.sendBatch(
      'orders',
      [1, 2, 3].map((id) => ({ key: 'same', value: { id } })),
    );
    await until(() => seen.filter(({ by }) => by === 'flaky').length === 3);
    expect(seen.filter(({ by }) => by === 'flaky').map(({ payload }) => payload)).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
    expect(reported.map((error) => (error as Error).name)).toEqual(['RangeError', 'RangeError']);
    await app.close();
  });

  it('takes a record as handled when a filter answers EMPTY', async () => {
    const app = await hybrid();
    await app.get(PostlogProducer).send('orders', 'text');
    await until(() => seen.some(({ by }) => by === 'filtered'));
    await app.close();
    const [topic] = await admin.admin().fetchOffsets({ groupId: 'filtered' });
    expect(new Set(topic!.partitions.map(({ lag }) => lag))).toEqual(new Set(['0']));
    expect(seen.filter(({ by }) => by === 'filtered')).toHaveLength(1);
  });

  it('publishes through Nest’s client interface', async () => {
    const app = await hybrid();
    const client = app.get(PostlogClient);
    await firstValueFrom(client.emit('orders', { id: 9 }));
    await until(() => seen.some(({ by }) => by === 'standard'));
    await app.close();
  });

  it('runs as an application that only consumes, and commits and leaves on close', async () => {
    @Module({ imports: [moduleFor(test.url)], controllers: [OrdersController], providers: [Greeting] })
    class WorkerModule {}
    const worker = await NestFactory.createMicroservice(WorkerModule, { ...postlogMicroservice(), logger: false });
    await worker.listen();
    const [place] = await admin.producer().send({ topic: 'orders', messages: [{ value: '{"id":3}' }] });
    await until(() => seen.some(({ by }) => by === 'mailers:hello'));
    await worker.close();
    // The other partition is empty, and may not have been begun yet.
    const [topic] = await admin.admin().fetchOffsets({ groupId: 'mailers' });
    const { partition } = place!;
    expect(topic!.partitions).toContainEqual(expect.objectContaining({ partition, offset: '1', lag: '0' }));
    expect((await admin.admin().describeGroups(['mailers'])).groups[0]).toMatchObject({ members: [] });
  });

  it('waits on close for the handler that runs', async () => {
    let release = () => {};
    let isDone = false;
    @Controller()
    class Slow {
      @Subscribe('orders', { group: 'slow' })
      async slow(): Promise<void> {
        seen.push({ by: 'slow', payload: 'began' });
        await new Promise<void>((resolve) => (release = resolve));
        isDone = true;
      }
    }
    const app = await hybrid([Slow]);
    await app.get(PostlogProducer).send('orders', 'x');
    await until(() => seen.length === 1);
    const closed = app.close().then(() => isDone);
    release();
    expect(await closed).toBe(true);
    const [topic] = await admin.admin().fetchOffsets({ groupId: 'slow' });
    expect(topic!.partitions.reduce((sum, { lag }) => sum + Number(lag), 0)).toBe(0);
  });
});

describe('what fails at boot', () => {
  const compile = (controller: new () => object, options = {}) =>
    Test.createTestingModule({
      imports: [PostlogModule.forRoot({ url: test.url, logger: null, ...options })],
      controllers: [controller],
    }).compile();

  it('is a handler that nobody calls', async () => {
    @Controller()
    class Lonely {
      @Subscribe('orders', { group: 'g' })
      handle(): void {}
    }
    const app = (await compile(Lonely)).createNestApplication();
    await expect(app.init()).rejects.toThrow('connectPostlog(app)');
    await app.close();
  });

  it.each([
    [
      'two handlers of one topic and group',
      'two handlers subscribe',
      class Twice {},
      (type: object) => {
        const handler = () => undefined;
        for (const name of ['a', 'b']) {
          const descriptor = { value: () => handler(), writable: true, configurable: true, enumerable: false };
          Object.defineProperty(type, name, descriptor);
          Subscribe('orders', { group: 'g' })(type, name, descriptor);
        }
      },
    ],
    [
      'a handler without a group',
      'has no group',
      class Groupless {},
      (type: object) => {
        const descriptor = { value: () => undefined, writable: true, configurable: true, enumerable: false };
        Object.defineProperty(type, 'a', descriptor);
        Subscribe('orders')(type, 'a', descriptor);
      },
    ],
  ])('is %s', async (_title, message, type, decorate) => {
    decorate(type.prototype as object);
    Controller()(type);
    const app = (await compile(type)).createNestApplication();
    expect(() => connectPostlog(app)).toThrow(message);
    await app.close();
  });

  it('is an option that nobody knows', async () => {
    await expect(compile(class {}, { drainTimeoutMS: 3 })).rejects.toThrow('did you mean "drainTimeoutMs"?');
  });
});
