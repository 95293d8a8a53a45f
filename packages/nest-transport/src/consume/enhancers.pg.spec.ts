import 'reflect-metadata';
import {
  Catch,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { EMPTY, map, of, tap, type Observable } from 'rxjs';
import { Consumer, PostlogContext, PostlogDeadLetters, PostlogServer, Subscribe } from '../index.js';
import { producerOf, testWorld, until, type World } from '../spec/world.js';

const seen: unknown[] = [];

@Injectable()
class Doubling implements PipeTransform<unknown> {
  transform(value: unknown): unknown {
    return typeof value === 'number' ? value * 2 : value;
  }
}

@Injectable()
class OnlyEven implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const rpc = execution.switchToRpc();
    if (!(rpc.getContext() instanceof PostlogContext)) return false;
    return rpc.getData<number>() % 2 === 0;
  }
}

@Injectable()
class Telling implements NestInterceptor {
  intercept(_execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    seen.push('before');
    return next.handle().pipe(
      map((value) => value as unknown),
      tap(() => seen.push('after')),
    );
  }
}

@Catch(RangeError)
class AsValue implements ExceptionFilter {
  catch(error: RangeError, _host: ArgumentsHost): Observable<unknown> {
    seen.push(`filtered ${error.message}`);
    return of('a value');
  }
}

@Catch()
class AsEmpty implements ExceptionFilter {
  catch(): Observable<never> {
    return EMPTY;
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRecord {
  static made = 0;
  readonly number = ++PerRecord.made;
  constructor(@Inject(REQUEST) readonly request: { readonly data: unknown; readonly context: PostlogContext }) {}
}

@Consumer({ group: 'pipes' })
class Pipes {
  @UsePipes(Doubling)
  @Subscribe('orders')
  handle(@Payload() value: number): void {
    seen.push(value);
  }
}

@Consumer({ group: 'guards' })
class Guards {
  @UseGuards(OnlyEven)
  @Subscribe('orders')
  handle(@Payload() value: number): void {
    seen.push(value);
  }
}

@UseInterceptors(Telling)
@Consumer({ group: 'interceptors' })
class Interceptors {
  @Subscribe('orders')
  handle(@Payload() value: number): void {
    seen.push(value);
  }
}

@Consumer({ group: 'filters' })
class Filters {
  @UseFilters(AsValue)
  @Subscribe('orders')
  handle(@Payload() value: number): void {
    throw new RangeError(String(value));
  }
}

@Consumer({ group: 'empty' })
class Empty {
  @UseFilters(AsEmpty)
  @Subscribe('orders')
  handle(): void {
    seen.push('called');
    throw new TypeError('nobody minds');
  }
}

@Consumer({ group: 'scoped' })
class Scoped {
  constructor(private readonly record: PerRecord) {}

  @Subscribe('orders')
  handle(@Payload() value: number): void {
    const { request, number } = this.record;
    seen.push({ value, number, data: request.data, offset: request.context.offset });
  }
}

abstract class Inherited {
  @UsePipes(Doubling)
  @UseGuards(OnlyEven)
  @UseInterceptors(Telling)
  @Subscribe('orders')
  handle(@Payload() value: number): void {
    seen.push(value);
  }
}
@Consumer({ group: 'heirs' })
class Heir extends Inherited {}

let world: World;
beforeEach(async () => {
  seen.length = 0;
  PerRecord.made = 0;
  world = await testWorld();
});
afterEach(() => world.close());

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('on %s', (_name, adapter) => {
  const run = async (
    controller: new (...args: never[]) => object,
    values: unknown[],
    prepare?: (app: INestApplication) => void,
  ) => {
    const app = await world.hybrid({
      controllers: [controller],
      providers: [PerRecord],
      adapter: adapter(),
      options: { drainTimeoutMs: 100 },
      ...(prepare === undefined ? {} : { prepare }),
    });
    await producerOf(app).sendBatch(
      'orders',
      values.map((value) => ({ value, key: 'k' })),
    );
    return app;
  };
  const done = (group: string) => until(async () => seen.length > 0 && (await world.lag(group)) === 0);

  it('a pipe changes the payload', async () => {
    await run(Pipes, [1, 2]);
    await done('pipes');
    expect(seen).toEqual([2, 4]);
  });

  it('a pipe that fails is a failure with its own class', async () => {
    const failures: unknown[] = [];
    class Refusing implements PipeTransform {
      transform(): never {
        throw new SyntaxError('not so');
      }
    }
    const app = await run(Pipes, [], (hybrid) => hybrid.useGlobalPipes(new Refusing()));
    app.get(PostlogServer).on('failure', (_context, error) => failures.push(error));
    await producerOf(app).send('orders', 1);
    await until(() => failures.length > 0);
    expect(failures[0]).toBeInstanceOf(SyntaxError);
    expect(seen).toEqual([]);
  });

  it('a hybrid application’s global pipe is inherited', async () => {
    await run(Interceptors, [3], (app) => app.useGlobalPipes(new Doubling()));
    await done('interceptors');
    expect(seen).toEqual(['before', 6, 'after']);
  });

  it('a guard denies before the handler, and the record is a dead letter at once', async () => {
    const app = await run(Guards, [2, 3, 4]);
    await done('guards');
    expect(seen).toEqual([2, 4]);
    const [letter] = await app.get(PostlogDeadLetters).list('orders', { group: 'guards' });
    expect(letter).toMatchObject({
      payload: 3,
      attempts: 1,
      errorName: 'RpcException',
      errorMessage: 'Forbidden resource',
      handlerId: 'Guards.handle',
    });
  });

  it('an interceptor goes around', async () => {
    await run(Interceptors, [1]);
    await done('interceptors');
    expect(seen).toEqual(['before', 1, 'after']);
  });

  it('a filter that answers a value, or EMPTY, means handled', async () => {
    await run(Filters, [1, 2]);
    await done('filters');
    expect(seen).toEqual(['filtered 1', 'filtered 2']);
    seen.length = 0;
    await run(Empty, []);
    await done('empty');
    expect(seen).toEqual(['called', 'called']);
  });

  it('a request-scoped dependency is made for each record and knows it', async () => {
    await run(Scoped, [7, 8]);
    await done('scoped');
    expect(seen).toEqual([
      { value: 7, number: 1, data: 7, offset: '0' },
      { value: 8, number: 2, data: 8, offset: '1' },
    ]);
  });

  it('an inherited handler keeps its pipes, guards and interceptors', async () => {
    await run(Heir, [2, 4]);
    await done('heirs');
    expect(seen).toEqual(['before', 4, 'after', 'before', 8, 'after']);
  });
});
