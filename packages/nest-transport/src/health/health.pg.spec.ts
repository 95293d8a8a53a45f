import 'reflect-metadata';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Consumer, PostlogHealthIndicator, Subscribe } from '../index.js';
import { producerOf, testWorld, until, type World } from '../spec/world.js';

let world: World;
let release: (() => void)[] = [];
beforeEach(async () => (world = await testWorld()));
afterEach(async () => {
  for (const resolve of release.splice(0)) resolve();
  await world.close();
});

@Consumer({ group: 'stuck' })
class Stuck {
  @Subscribe('orders')
  handle(): Promise<void> {
    return new Promise((resolve) => release.push(resolve));
  }
}

describe('the health of the consumers', () => {
  it('is up, with lag and state, as Terminus takes it', async () => {
    const app = await world.hybrid({ controllers: [Stuck], imports: [TerminusModule.forRoot({ logger: false })] });
    const health = app.get(PostlogHealthIndicator);
    const { status, details } = await app.get(HealthCheckService).check([() => health.check('log')]);
    expect(status).toBe('ok');
    expect(details['log']).toMatchObject({
      status: 'up',
      subscriptions: [{ topic: 'orders', group: 'stuck', status: 'up', lag: 0 }],
    });
  });

  it('is degraded when it is behind, and down when it is stuck: Terminus fails then', async () => {
    release = [];
    const app = await world.hybrid({
      controllers: [Stuck],
      options: { sessionTimeout: 1_000 },
      imports: [TerminusModule.forRoot({ logger: false })],
    });
    const health = app.get(PostlogHealthIndicator);
    await producerOf(app).send('orders', 1);
    await until(() => release.length === 1);
    expect(await health.check('log', { maxLag: 0 })).toMatchObject({
      log: { status: 'degraded', subscriptions: [{ lag: 1, reason: 'it is 1 records behind' }] },
    });
    const stuck = () => health.check('log', { maxSilenceMs: 700 });
    await until(async () => JSON.stringify(await stuck()).includes('it has 1 records to handle and finished none for'));
    await expect(app.get(HealthCheckService).check([stuck])).rejects.toThrow('Service Unavailable');
  });

  it('is down when the consumer has stopped', async () => {
    const app = await world.hybrid({ controllers: [Stuck] });
    const health = app.get(PostlogHealthIndicator);
    await app.close();
    expect((await health.check('log')).log.status).toBe('down');
  });
});
