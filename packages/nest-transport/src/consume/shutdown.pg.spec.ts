import 'reflect-metadata';
import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
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
