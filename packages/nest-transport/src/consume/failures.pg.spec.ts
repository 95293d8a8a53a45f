import 'reflect-metadata';
import {
  BadRequestException,
  Catch,
  Controller,
  HttpException,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UsePipes,
  type ExceptionFilter,
  type PipeTransform,
} from '@nestjs/common';
import { Ctx, EventPattern, Payload, RpcException } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import { z } from 'zod';
import {
  BatchItemError,
  Consumer,
  defineTopic,
  Key,
  NonRetriableError,
  PostlogContext,
  PostlogDeadLetters,
  PostlogServer,
  Subscribe,
  type LogRecord,
} from '../index.js';
import { producerOf, testWorld, until, type World } from '../spec/world.js';

const Orders = defineTopic('orders', { schema: z.object({ id: z.number() }), key: () => 'k' });

let world: World;
const seen: unknown[] = [];
beforeEach(async () => {
  seen.length = 0;
  world = await testWorld();
});
afterEach(() => world.close());

/** An application of one controller that has handled all that it was sent. */
async function handled(controller: new () => object, group: string, ids: readonly unknown[], options = {}) {
  const app = await world.hybrid({ controllers: [controller], options });
  const messages = ids.map((id) => ({ key: 'k', value: JSON.stringify({ id }) }));
  await world.log.producer().send({ topic: 'orders', messages });
  await until(async () => (await world.lag(group)) === 0);
  return app;
}

describe('a record that cannot be handled', () => {
  it('is a dead letter after its attempts, is seen with its handler and cause, and goes back once that is gone', async () => {
    let isBroken = true;
    @Consumer({ group: 'billing' })
    class Billing {
      @Subscribe(Orders, { id: 'invoices', retry: { attempts: 3 } })
      handle(@Payload() { id }: { id: number }, @Ctx() { attempt }: PostlogContext): void {
        seen.push([id, attempt]);
        if (isBroken && id === 2) throw new RangeError('out of range');
      }
    }
    const app = await handled(Billing, 'billing', [1, 2, 3]);
    expect(seen).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
      [2, 3],
      [3, 1],
    ]);
    const deadLetters = app.get(PostlogDeadLetters);
    const letters = await deadLetters.list(Orders, { group: 'billing' });
    expect(letters).toMatchObject([
      {
        payload: { id: 2 },
        attempts: 3,
        errorName: 'RangeError',
        errorMessage: 'out of range',
        handlerId: 'invoices',
        idempotencyKey: expect.stringMatching(/^billing:orders:\d:1$/) as string,
      },
    ]);
    isBroken = false;
    expect(await deadLetters.requeue(Orders, { group: 'billing', ids: [letters[0]!.id] })).toEqual({ requeued: 1 });
    await until(() => seen.length === 6);
    expect(seen.at(-1)).toEqual([2, 1]);
    expect(await deadLetters.list(Orders, { group: 'billing' })).toEqual([]);
    expect(await deadLetters.purge(Orders, { group: 'billing', all: true })).toEqual({ purged: 0 });
  });

  it('goes there at once when that is of no use: an error says so, a pipe or the schema refuses it', async () => {
    class Refusing implements PipeTransform {
      transform(value: { id?: number }): unknown {
        if (value.id === 2) throw new BadRequestException('the total is missing');
        return value;
      }
    }
    @Consumer({ group: 'strict' })
    class Strict {
      @UsePipes(new Refusing())
      @Subscribe(Orders)
      handle(@Payload() { id }: { id: number }): void {
        seen.push(id);
        if (id === 3) throw new NonRetriableError('sold out');
      }
    }
    const app = await handled(Strict, 'strict', [1, 2, 3, 'four']);
    expect(seen).toEqual([1, 3]);
    const letters = await app.get(PostlogDeadLetters).list(Orders, { group: 'strict' });
    expect(letters.map(({ attempts, errorName, errorMessage }) => [attempts, errorName, errorMessage])).toEqual([
      [1, 'BadRequestException', 'the total is missing'],
      [1, 'NonRetriableError', 'sold out'],
      [1, 'PostlogError', expect.stringContaining('does not fit the schema of orders: id')],
    ]);
  });

  it('is told by what was really thrown, whatever a filter makes of it, also where Nest’s own decorator subscribes', async () => {
    @Catch(HttpException)
    class AsRpc implements ExceptionFilter {
      catch({ message }: HttpException): Observable<never> {
        return throwError(() => new RpcException(`filtered: ${message}`));
      }
    }
    @UseGuards({
      canActivate: () => {
        throw new UnauthorizedException('who are you');
      },
    })
    @UseFilters(AsRpc)
    @Controller()
    class Standard {
      @EventPattern('orders')
      handle(_value: unknown): void {}
    }
    const app = await handled(Standard, 'default-group', [1]);
    expect(await app.get(PostlogDeadLetters).list(Orders)).toMatchObject([
      { attempts: 1, errorName: 'UnauthorizedException', errorMessage: 'who are you' },
    ]);
  });

  it('is what its handler says through the context', async () => {
    @Consumer({ group: 'says' })
    class Says {
      @Subscribe(Orders)
      handle(@Payload() { id }: { id: number }, @Ctx() context: PostlogContext): void {
        seen.push([id, context.attempt]);
        if (id === 1 && context.attempt === 1) context.retry({ delayMs: 1 });
        if (id === 2) context.deadLetter('nobody knows it');
        if (id === 3) context.skip();
      }
    }
    const retry = { delayMs: 3_600_000 };
    const app = await handled(Says, 'says', [1, 2, 3, 4], { retry });
    expect(seen).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
    expect(await app.get(PostlogDeadLetters).list('orders', { group: 'says' })).toMatchObject([
      { payload: { id: 2 }, errorMessage: 'nobody knows it' },
    ]);
  });

  it('of a batch is the one that its handler names', async () => {
    @Consumer({ group: 'batches' })
    class Batches {
      @Subscribe(Orders, { batch: { size: 2 }, retry: { attempts: 2 } })
      handle(@Payload() records: readonly LogRecord<{ id: number }>[]): void {
        for (const [index, { value }] of records.entries()) {
          if (value.id === 4) throw new BatchItemError(index, new Error('four'));
          seen.push(value.id);
        }
      }
    }
    const app = await handled(Batches, 'batches', [1, 2, 3, 4, 'five', 6]);
    expect(seen).toEqual([1, 2, 3, 6]);
    const letters = await app.get(PostlogDeadLetters).list(Orders, { group: 'batches' });
    expect(letters.map(({ payload, attempts }) => [payload, attempts])).toEqual([
      [{ id: 4 }, 2],
      [{ id: 'five' }, 1],
    ]);
  });

  it('is skipped, or pauses its partition until resume, where onExhausted says so', async () => {
    let isBroken = true;
    @Consumer()
    class Two {
      @Subscribe(Orders, { group: 'skips', onExhausted: 'skip', retry: { attempts: 1 } })
      skip(@Payload() { id }: { id: number }): void {
        seen.push(`skip ${id}`);
        if (id === 1) throw new Error('no');
      }

      @Subscribe(Orders, { group: 'pauses', onExhausted: 'pause', retry: { attempts: 1 } })
      pause(@Payload() { id }: { id: number }): void {
        seen.push(`pause ${id}`);
        if (isBroken) throw new Error('no');
      }
    }
    const app = await handled(Two, 'skips', [1, 2]);
    expect(await app.get(PostlogDeadLetters).list(Orders, { group: 'skips' })).toEqual([]);
    await until(() => seen.includes('pause 1'));
    isBroken = false;
    expect(seen).not.toContain('pause 2');
    for (const subscription of app.get(PostlogServer).subscriptions) subscription.resume();
    await until(() => seen.includes('pause 2'));
    expect(seen.filter((each) => String(each).startsWith('skip'))).toEqual(['skip 1', 'skip 2']);
  });

  it('is parked with its key while other keys go on, and handled once its cause is gone', async () => {
    let isBroken = true;
    @Consumer({ group: 'parks' })
    class Parks {
      @Subscribe('orders', { onExhausted: 'parkKey', maxParked: 10, retry: { attempts: 1, delayMs: 1, maxDelayMs: 5 } })
      handle(@Payload() text: string, @Key() key: string): void {
        if (isBroken && key === 'a') throw new Error('not yet');
        seen.push(text);
      }
    }
    await world.hybrid({ controllers: [Parks] });
    const messages = ['a one', 'b one', 'a two'].map((value) => ({ key: value[0]!, value, partition: 0 }));
    await world.log.producer().send({ topic: 'orders', messages });
    await until(async () => (await world.lag('parks')) === 0);
    expect(seen).toEqual(['b one']);
    isBroken = false;
    await until(() => seen.length === 3);
    expect(seen).toEqual(['b one', 'a one', 'a two']);
  });

  it('asks for a group, where there is none', async () => {
    const { group: _, ...rest } = world.options;
    const app = await world.hybrid({ options: { ...rest, group: undefined as never } });
    await expect(app.get(PostlogDeadLetters).list(Orders)).rejects.toThrow("give { group: '…' }");
    await expect(producerOf(app).send(Orders, { id: 1 })).resolves.toMatchObject({ topicName: 'orders' });
  });
});
