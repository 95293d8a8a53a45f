import 'reflect-metadata';
import { Controller } from '@nestjs/common';
import { ClientsModule, Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { connect } from '@postlog/core';
import { databaseWithSchema } from '@postlog/core/testing';
import { firstValueFrom, from, Observable, of, toArray } from 'rxjs';
import { z } from 'zod';
import { defineTopic, PostlogClient, PostlogContext } from '../index.js';
import { testWorld, until, type World } from '../spec/world.js';

const Quotes = defineTopic('quotes', { schema: z.object({ item: z.string() }) });
const NEVER = new Promise<never>(() => {});
let world: World;
/** Calls of the handler that never answers: begun, and told that nobody waits. */
let begun = 0;
let aborted = 0;

@Controller()
class Pricing {
  @MessagePattern(Quotes)
  quote(@Payload() { item }: { item: string }, @Ctx() context: PostlogContext) {
    return { item, price: item.length, tenant: context.getMetadata()['tenant'] };
  }

  @MessagePattern('numbers')
  numbers(@Payload() upTo: number): Observable<number> {
    return from(Array.from({ length: upTo }, (_, index) => index));
  }

  @MessagePattern('failures')
  fail(@Payload() kind: string): void {
    if (kind === 'plain') throw new RangeError('not for the world');
    throw new RpcException({ code: 'NO_STOCK', message: 'sold out', details: { left: 0 } });
  }

  @MessagePattern('silence')
  silence(@Ctx() { signal }: PostlogContext): Promise<never> {
    begun += 1;
    signal.addEventListener('abort', () => (aborted += 1));
    return NEVER;
  }

  @MessagePattern('nothing')
  nothing(): void {}

  @MessagePattern('circles')
  circle(): unknown {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    return circle;
  }

  @MessagePattern({ cmd: 'sum', version: 1 })
  sum(@Payload() numbers: number[]): Observable<number> {
    return of(numbers.reduce((sum, each) => sum + each, 0));
  }
}

describe('request and reply', () => {
  let client: PostlogClient;

  beforeAll(async () => {
    world = await testWorld();
    const app = await world.hybrid({
      controllers: [Pricing],
      options: { requestTopic: 'pricing', drainTimeoutMs: 50 },
    });
    client = app.get(PostlogClient);
  });
  afterAll(() => world.close());

  it('answers a promise and an observable, with metadata', async () => {
    const answer = await client.request('quotes', { item: 'tea' }, { headers: { tenant: 'a' } });
    expect(answer).toEqual({ item: 'tea', price: 3, tenant: 'a' });
    await expect(firstValueFrom(client.send(Quotes, { item: 'coffee' }))).resolves.toMatchObject({ price: 6 });
  });

  it('answers several values in their order', async () => {
    await expect(firstValueFrom(client.send('numbers', 5).pipe(toArray()))).resolves.toEqual([0, 1, 2, 3, 4]);
    await expect(firstValueFrom(client.send('numbers', 0).pipe(toArray()))).resolves.toEqual([]);
    await expect(client.request('nothing', {})).resolves.toBeUndefined();
  });

  it('routes patterns that are no topic inside the request topic', async () => {
    await expect(client.request({ version: 1, cmd: 'sum' }, [1, 2, 3])).resolves.toBe(6);
  });

  it('keeps message, code and details of an RpcException, and nothing of another error', async () => {
    await expect(client.request('failures', 'rpc')).rejects.toMatchObject({
      name: 'RemoteError',
      message: 'sold out',
      code: 'NO_STOCK',
      details: { left: 0 },
    });
    await expect(client.request('failures', 'plain')).rejects.toThrow('Internal server error');
    await expect(client.request('circles', {})).rejects.toThrow('no JSON form');
  });

  it('checks a question against its contract where it is asked', async () => {
    await expect(client.request(Quotes, { item: 7 as never })).rejects.toThrow(
      'does not fit the schema of quotes: item',
    );
  });

  it('ends with a deadline, and tells the handler that nobody waits', async () => {
    // On a slow machine a request may be too late before it arrives, and is passed over.
    for (let timeoutMs = 200; begun === 0; timeoutMs *= 2)
      await expect(client.request('silence', {}, { timeoutMs })).rejects.toMatchObject({
        code: 'REQUEST_TIMED_OUT',
        outcome: 'unknown',
      });
    await until(() => aborted === begun);
  });

  it('tells the handler when whoever asked unsubscribes', async () => {
    const subscription = client.send('silence', {}).subscribe();
    const before = begun;
    await until(() => begun > before);
    subscription.unsubscribe();
    await until(() => aborted === begun);
  });

  it('mixes nothing up when many ask at once', async () => {
    const items = Array.from({ length: 500 }, (_, index) => 'x'.repeat(index % 50));
    const answers = await Promise.all(items.map((item) => client.request<{ price: number }>('quotes', { item })));
    expect(answers.map(({ price }) => price)).toEqual(items.map(({ length }) => length));
  });

  it('passes over requests that came too late', async () => {
    const headers = {
      'postlog-request': 'r',
      'postlog-pattern': 'silence',
      'postlog-inbox': 'i',
      'postlog-inbox-partition': '0',
      'postlog-deadline': '5',
    };
    const before = begun;
    await world.log.producer().send({ topic: 'silence', messages: [{ value: '{}', headers }] });
    await until(async () => (await world.lag('default-group', 'silence')) === 0);
    expect(begun).toBe(before);
  });
});

describe('a client of Nest’s ClientsModule', () => {
  it('is made from its options', async () => {
    const { url, drop } = await databaseWithSchema();
    const log = await connect({ url, logger: null });
    await log.admin().createTopics({ topics: [{ topic: 'orders' }] });
    const { Test } = await import('@nestjs/testing');
    const module = await Test.createTestingModule({
      imports: [ClientsModule.register([{ name: 'LOG', customClass: PostlogClient, options: { url, logger: null } }])],
    }).compile();
    const client = module.get<PostlogClient>('LOG');
    await expect(firstValueFrom(client.emit('orders', { id: 1 }))).resolves.toMatchObject({ baseOffset: '0' });
    await module.close();
    await log.close();
    await drop();
  });
});
