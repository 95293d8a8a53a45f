import 'reflect-metadata';
import {
  BadRequestException,
  Catch,
  ForbiddenException,
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  type ExceptionFilter,
  type ExecutionContext,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { ClientProxy, MessagePattern, Payload, type BaseRpcContext } from '@nestjs/microservices';
import { connect } from '@postlog/core';
import { testDatabase } from '@postlog/core/testing';
import { EMPTY, firstValueFrom, type Observable } from 'rxjs';
import {
  Consumer,
  defineTopic,
  PostlogClient,
  PostlogContext,
  PostlogModule,
  PostlogServer,
  Subscribe,
} from './index.js';
import { exportsOf, killed } from './spec/process.js';
import { caughtUp, handling, lettersOf, seen, send, start, topic, useTopics, world } from './spec/topic-of-test.js';
import { producerOf, until } from './spec/world.js';

const nest = 'setOnDispatchHook' in ClientProxy.prototype ? 12 : 11;
const onNest12 = nest === 12 ? it : it.skip;

useTopics();

describe('the transport, as Nest and its users expect', () => {
  it('two groups on one topic fail independently', async () => {
    const failing = handling('failing', () => {
      throw new RangeError('not today');
    });
    const app = await start([failing, handling('working', (value) => seen.push(value))]);
    await send(app, 1);
    await caughtUp('working');
    expect(seen).toEqual([1]);
    expect(await world.lag('failing', topic)).toBe(1);
    await app.close();
  });

  it('a filter that returns EMPTY commits', async () => {
    @Catch()
    class AsEmpty implements ExceptionFilter {
      catch(): Observable<never> {
        return EMPTY;
      }
    }
    const controller = handling('filtered', () => {
      seen.push('called');
      throw new TypeError('nobody minds');
    });
    UseFilters(AsEmpty)(controller);
    const app = await start([controller]);
    await send(app, 1);
    await caughtUp('filtered');
    expect(seen).toEqual(['called']);
    await app.close();
  });

  it('a plain error keeps its class in the DLQ', async () => {
    const controller = handling('plain-errors', () => {
      throw new RangeError('out of range');
    });
    const app = await start([controller], { options: { retry: { attempts: 2, delayMs: 1 } } });
    await send(app, 1);
    await caughtUp('plain-errors');
    expect(await lettersOf(app, 'plain-errors')).toEqual([[2, 'RangeError', 'out of range']]);
    await app.close();
  });

  it('a guard denial goes to the DLQ at once, with the class and message of what the guard threw', async () => {
    const controller = handling('guarded', (value) => seen.push(value));
    const canActivate = (execution: ExecutionContext) => {
      const value: unknown = execution.switchToRpc().getData();
      if (value === 'thrown') throw new ForbiddenException('not yours');
      return value !== 'denied';
    };
    UseGuards({ canActivate })(controller);
    const app = await start([controller]);
    await send(app, 'denied', 'thrown', 'value');
    await caughtUp('guarded');
    expect(seen).toEqual(['value']);
    expect(await lettersOf(app, 'guarded')).toEqual([
      [1, 'RpcException', 'Forbidden resource'],
      [1, 'ForbiddenException', 'not yours'],
    ]);
    await app.close();
  });

  it('a validation failure goes to the DLQ at once, with the class and message of what the pipe threw', async () => {
    const controller = handling('validating', (value) => seen.push(value));
    const refuse = (value: unknown) => {
      if (value === 'wrong') throw new BadRequestException('no total');
      return value;
    };
    const app = await start([controller], { prepare: (each) => each.useGlobalPipes({ transform: refuse }) });
    await send(app, 'wrong', 'right');
    await caughtUp('validating');
    expect(seen).toEqual(['right']);
    expect(await lettersOf(app, 'validating')).toEqual([[1, 'BadRequestException', 'no total']]);
    await app.close();
  });

  it('an undecodable record goes to the DLQ at once', async () => {
    const controller = handling('decoding', (value) => seen.push(value));
    const app = await start([controller], { imports: [PostlogModule.forFeature([defineTopic(topic)])] });
    const messages = ['{"total":', '{"total":5}'].map((value) => ({ key: 'k', value }));
    await world.log.producer().send({ topic, messages });
    await caughtUp('decoding');
    expect(seen).toEqual([{ total: 5 }]);
    expect(await lettersOf(app, 'decoding')).toEqual([[1, 'PostlogError', expect.stringContaining('is no JSON')]]);
    await app.close();
  });

  it('a request-scoped handler is made for each record', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRecord {
      readonly number = seen.push('made');
      constructor(@Inject(REQUEST) readonly request: { readonly data: unknown }) {}
    }
    @Consumer({ group: 'scoped' })
    class Scoped {
      constructor(@Inject(PerRecord) private readonly record: PerRecord) {}

      @Subscribe(topic)
      handle(): void {
        seen.push(this.record.request.data);
      }
    }
    const app = await start([Scoped], { providers: [PerRecord] });
    for (const value of [1, 2]) {
      await send(app, value);
      await caughtUp('scoped');
    }
    expect(seen).toEqual(['made', 1, 'made', 2]);
    await app.close();
  });

  it('a regular expression takes every topic that matches', async () => {
    const pattern = new RegExp(`^${topic}\\..+$`);
    @Consumer({ group: 'patterns' })
    class Patterns {
      @Subscribe(pattern)
      handle(@Payload() value: unknown): void {
        seen.push(value);
      }
    }
    const names = ['a', 'b'].map((name) => `${topic}.${name}`);
    await world.log.admin().createTopics({ topics: names.map((name) => ({ topic: name })) });
    const app = await start([Patterns]);
    for (const name of names) await producerOf(app).send(name, name);
    await until(() => seen.length === 2);
    expect(new Set(seen)).toEqual(new Set(names));
    await app.close();
  });

  it('a pipe of the application is inherited by its handlers', async () => {
    const app = await start([handling('inheriting', (value) => seen.push(value))], {
      prepare: (each) => each.useGlobalPipes({ transform: (value: unknown) => (value === 1 ? 'piped' : value) }),
    });
    await send(app, 1);
    await caughtUp('inheriting');
    expect(seen).toEqual(['piped']);
    await app.close();
  });

  onNest12('metadata makes the round trip', async () => {
    const app = await start([handling('metadata', (_value, context) => seen.push(context.getMetadata()))]);
    const client = app.get(PostlogClient);
    client.setOnDispatchHook((packet) => (packet.metadata = { traceparent: '00-1-2-01' }));
    await firstValueFrom(client.emit(topic, { id: 1 }));
    await caughtUp('metadata');
    expect(seen).toEqual([{ traceparent: '00-1-2-01' }]);
    await app.close();
  });

  it('the end hook runs exactly once for each call, also when it fails', async () => {
    let failures = 1;
    const app = await start([
      handling('hooked', () => {
        if (failures-- > 0) throw new Error('first time');
        seen.push('handled');
      }),
    ]);
    const server = app.get(PostlogServer);
    server.setOnProcessingStartHook((_id, context, done) => {
      seen.push(`start ${(context as BaseRpcContext & PostlogContext).offset}`);
      void done();
    });
    server.setOnProcessingEndHook((_id, context) =>
      seen.push(`end ${(context as BaseRpcContext & PostlogContext).offset}`),
    );
    await send(app, 1);
    await caughtUp('hooked');
    expect(seen).toEqual(['start 0', 'end 0', 'start 0', 'handled', 'end 0']);
    await app.close();
  });

  it('a signal during a handler drains before the data source closes', async () => {
    let release = () => {};
    @Injectable()
    class DataSource implements OnApplicationShutdown {
      onApplicationShutdown(): void {
        seen.push('data source closed');
      }
    }
    const slow = handling('draining', async () => {
      seen.push('began');
      await new Promise<void>((resolve) => (release = resolve));
      seen.push('ended');
    });
    const app = await start([slow], { providers: [DataSource] });
    app.enableShutdownHooks(['SIGUSR2']);
    const ended = killed();
    await send(app, 1);
    await until(() => seen.length === 1);
    process.emit('SIGUSR2');
    release();
    await ended;
    expect(seen).toEqual(['began', 'ended', 'data source closed']);
    expect(await world.lag('draining', topic)).toBe(0);
  });

  it('a duplicate subscription fails at boot', async () => {
    const one = handling('twice', () => {});
    const other = handling('twice', () => {});
    await expect(start([one, other])).rejects.toThrow('two handlers subscribe');
  });

  it('a server that is not attached fails at boot', async () => {
    const module = { module: class AppModule {}, imports: [PostlogModule.forRoot(world.options)] };
    const app = await NestFactory.create(
      { ...module, controllers: [handling('alone', () => {})] },
      { logger: false, abortOnError: false },
    );
    await expect(app.init()).rejects.toThrow('connectPostlog(app)');
    await app.close();
  });

  it('no listener is left behind on close', async () => {
    const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const before = listeners();
    const app = await start([handling('listeners', () => {})]);
    app.get(PostlogServer).on('failure', () => {});
    app.enableShutdownHooks(['SIGUSR2']);
    await app.close();
    expect(listeners()).toEqual(before);
  });

  it('the packages are imported as ESM and required as CommonJS', async () => {
    const [imported, required] = await exportsOf('@postlog/nest-transport');
    expect(imported).toContain('PostlogModule');
    expect(required).toEqual(imported);
  }, 120_000);

  it('Nest 11 and Nest 12: each in a project of its own, which runs all of this', () => {
    expect(nest).toBe((globalThis as { nest?: number }).nest);
  });

  it('close() rejects pending requests', async () => {
    @Consumer({ group: 'answers' })
    class Answers {
      @MessagePattern(topic)
      answer(): Promise<never> {
        seen.push('asked');
        return new Promise(() => {});
      }
    }
    const app = await start([Answers], { options: { drainTimeoutMs: 10 } });
    const client = new PostlogClient({ url: world.url, logger: null });
    await client.connect();
    const refused = expect(client.request(topic, 1)).rejects.toThrow('Connection closed');
    await until(() => seen.length === 1);
    await client.close();
    await refused;
    await app.close();
  });

  it('a client reconnects after a failed first connect', async () => {
    const { url, drop } = await testDatabase();
    const client = new PostlogClient({ url, logger: null, migrate: false });
    await expect(firstValueFrom(client.emit(topic, 'early'))).rejects.toThrow('migrate');
    const log = await connect({ url, logger: null });
    await log.admin().createTopics({ topics: [{ topic }] });
    await expect(firstValueFrom(client.emit(topic, 'late'))).resolves.toMatchObject({ baseOffset: '0' });
    await client.close();
    await log.close();
    await drop();
  });
});
