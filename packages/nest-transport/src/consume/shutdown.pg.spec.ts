import 'reflect-metadata';
import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { BaseRpcContext } from '@nestjs/microservices';
import { Consumer, PostlogContext, PostlogServer, Subscribe, type PostlogStatus } from '../index.js';
import { producerOf, testWorld, until, type World } from '../spec/world.js';

const seen: string[] = [];
let release = () => {};
let beforeClose = (): Promise<void> | void => {};

/** Closes where TypeORM closes its pool. */
@Injectable()
class DataSource implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown {
  onModuleDestroy(): void {
    seen.push('destroy hooks');
  }

  /** Between the destroy hooks and `server.close()`: a record that came next would be begun here. */
  async beforeApplicationShutdown(): Promise<void> {
    await beforeClose();
  }

  onApplicationShutdown(): void {
    seen.push('data source closed');
  }
}

@Consumer({ group: 'slow' })
class Slow {
  @Subscribe('orders')
  async handle(@Payload() order: string, @Ctx() { signal }: PostlogContext): Promise<void> {
    seen.push(`${order} began`);
    signal.addEventListener('abort', () => seen.push(`${order} aborted`));
    await new Promise<void>((resolve) => (release = resolve));
    seen.push(`${order} ended`);
  }
}

let world: World;
beforeEach(async () => {
  seen.length = 0;
  beforeClose = () => {};
  world = await testWorld();
});
afterEach(() => world.close());

const start = (options = {}) => world.hybrid({ controllers: [Slow], providers: [DataSource], options });

describe('a shutdown', () => {
  it('takes no more records, drains and commits the one in hand, and only then closes the data source', async () => {
    const app = await start();
    await producerOf(app).sendBatch(
      'orders',
      ['first', 'second'].map((value) => ({ value, key: 'k' })),
    );
    await until(() => seen.includes('first began'));
    beforeClose = async () => {
      release();
      await until(() => seen.includes('first ended'));
      await world.lag('slow'); // Time enough to begin the next one.
    };
    await app.close();
    expect(seen).toEqual(['first began', 'destroy hooks', 'first ended', 'first aborted', 'data source closed']);
    expect(await world.lag('slow')).toBe(1);
    const { groups } = await world.log.admin().describeGroups(['slow']);
    expect(groups[0]!.members).toEqual([]);
  });

  it('waits no longer than drainTimeoutMs: then the signal aborts and the record is somebody else’s', async () => {
    const app = await start({ drainTimeoutMs: 60 });
    await producerOf(app).send('orders', 'stuck');
    await until(() => seen.length === 1);
    await app.close();
    expect(seen).toEqual(['stuck began', 'destroy hooks', 'stuck aborted', 'data source closed']);
    expect(await world.lag('slow')).toBe(1);
    release();
  });

  it('on a signal drains before the data source closes', async () => {
    const app = await start();
    app.enableShutdownHooks(['SIGUSR2']);
    const kill = process.kill.bind(process);
    const killed = new Promise<void>((resolve) => {
      process.kill = () => {
        resolve(); // Nest ends the process when all is done.
        return true;
      };
    });
    await producerOf(app).send('orders', 'one');
    await until(() => seen.length === 1);
    process.emit('SIGUSR2');
    await until(() => seen.includes('destroy hooks'));
    release();
    await killed;
    process.kill = kill;
    expect(seen).toEqual(['one began', 'destroy hooks', 'one ended', 'one aborted', 'data source closed']);
  });

  it('leaves no listener behind, and tells its status', async () => {
    const before = process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const statuses: PostlogStatus[] = [];
    const app = await start();
    const server = app.get(PostlogServer);
    server.status.subscribe((status) => statuses.push(status));
    await until(() => server.subscriptions.every(({ state }) => state === 'connected'));
    await app.close();
    await server.close();
    expect(statuses.filter((status) => status !== 'rebalancing')).toEqual(['connected', 'paused', 'stopped']);
    expect(process.eventNames().map((name) => [name, process.listenerCount(name)])).toEqual(before);
  });
});

describe('Nest’s processing hooks', () => {
  it('begin and end exactly once for each call, also when it fails', async () => {
    const calls: string[] = [];
    let failures = 1;
    @Consumer({ group: 'hooked' })
    class Flaky {
      @Subscribe('orders')
      handle(): void {
        calls.push('handled');
        if (failures-- > 0) throw new Error('once');
      }
    }
    const app = await world.hybrid({ controllers: [Flaky] });
    const server = app.get(PostlogServer);
    server.setOnProcessingStartHook((_id, context, done) => {
      calls.push(`start ${(context as PostlogContext).offset}`);
      void done();
    });
    server.setOnProcessingEndHook((_id, context) =>
      calls.push(`end ${(context as BaseRpcContext & PostlogContext).offset}`),
    );
    await producerOf(app).send('orders', 1);
    await until(async () => calls.length >= 6 && (await world.lag('hooked')) === 0);
    expect(calls).toEqual(['start 0', 'handled', 'end 0', 'start 0', 'handled', 'end 0']);
  });

  it('carry packet metadata in headers and back', async () => {
    const metadata: unknown[] = [];
    @Consumer({ group: 'metadata' })
    class Reading {
      @Subscribe('orders')
      handle(@Ctx() context: PostlogContext): void {
        metadata.push(context.getMetadata());
      }
    }
    const app = await world.hybrid({ controllers: [Reading] });
    const { PostlogClient } = await import('../index.js');
    const client = app.get(PostlogClient);
    client.setOnDispatchHook((packet) => (packet.metadata = { traceparent: '00-1-2-01' }));
    client.emit('orders', { id: 1 });
    await until(() => metadata.length === 1);
    expect(metadata).toEqual([{ traceparent: '00-1-2-01' }]);
  });
});
