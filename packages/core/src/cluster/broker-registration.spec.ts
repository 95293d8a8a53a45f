import { silentLogger } from '../runtime/logger.js';
import { systemRandom } from '../runtime/random.js';
import { manualClock } from '../testing/manual-clock.js';
import { MemoryMetadata } from '../testing/memory-metadata-store.js';
import type { BrokerDatabase, FoundIdentity } from './broker-database.js';
import { BrokerRegistration } from './broker-registration.js';
import { readImage } from './cluster-metadata.js';
import { createTopic } from './topic-metadata.js';

/** A database that can be restored from an older copy. */
function database(systemIdentifier = 'one') {
  const state = { incarnation: 0, brokerId: 1, wal: 100, leads: 0 };
  const found = (): FoundIdentity => ({
    systemIdentifier,
    timelineId: 1,
    databaseOid: 5,
    incarnation: state.incarnation,
    brokerId: state.brokerId,
    writtenWal: String(state.wal),
    now: '2026-01-01',
  });
  const port: BrokerDatabase = {
    identify: () => Promise.resolve(found()),
    raiseIncarnation: (brokerId, _, above) => {
      state.brokerId = brokerId;
      state.incarnation = Math.max(state.incarnation, above) + 1;
      return Promise.resolve(state.incarnation);
    },
    leadUntil: (_, ms, incarnation) => {
      if (incarnation !== state.incarnation) return Promise.resolve(false);
      state.leads = ms;
      return Promise.resolve(true);
    },
  };
  return { port, state };
}

function world() {
  const store = new MemoryMetadata(manualClock()).open();
  const registration = (brokerId: number, port: BrokerDatabase, allowSharedServer = false) =>
    new BrokerRegistration({
      brokerId,
      rack: null,
      address: `host-${brokerId}`,
      store,
      database: port,
      logger: silentLogger,
      sessionTimeoutMs: 1_000,
      replicaLagTimeMaxMs: 1_000,
      allowSharedServer,
    });
  const broker = async (brokerId: number) => (await readImage(store)).brokers.get(brokerId);
  const partition = async () => (await readImage(store)).topics.get('t')!.partitions[0]!;
  const inSync = async () => {
    const replicas = { replicas: [1, 2], isr: [1, 2], addingReplicas: [], removingReplicas: [], elr: [] };
    const state = { ...replicas, partition: 0, leader: 1, leaderEpoch: 0, partitionEpoch: 0, isRecovering: false };
    await createTopic(
      store,
      { topic: 't', config: {}, replicationFactor: 2, partitions: [state] },
      { random: systemRandom },
    );
  };
  return { registration, broker, partition, inSync };
}

describe('a broker that registers', () => {
  it('is fenced until it is put into service, and every time has a higher epoch', async () => {
    const { registration, broker } = world();
    const { port } = database();
    const first = registration(1, port);
    await first.register();
    expect(await broker(1)).toMatchObject({ state: 'fenced', brokerEpoch: 1, identity: { incarnation: 1 } });
    expect(await first.activate()).toBe(true);
    expect(await broker(1)).toMatchObject({ state: 'active' });
    await registration(1, port).register();
    expect(await broker(1)).toMatchObject({ state: 'fenced', brokerEpoch: 2, identity: { incarnation: 2 } });
  });

  it('stays in sync when its database is the one it was', async () => {
    const { registration, partition, inSync } = world();
    const { port, state } = database();
    await registration(1, port).register();
    await inSync();
    state.wal += 50;
    await registration(1, port).register();
    expect((await partition()).isr).toEqual([1, 2]);
  });

  it('stays in sync when an older process of it writes down its progress meanwhile', async () => {
    const { registration, partition, inSync } = world();
    const { port, state } = database();
    const older = registration(1, port);
    await older.register();
    await inSync();
    const identify = async () => {
      const found = await port.identify();
      state.wal += 50;
      await older.heartbeat();
      await older.recordProgress();
      return found;
    };
    await registration(1, { ...port, identify }).register();
    expect((await partition()).isr).toEqual([1, 2]);
  });

  it.each<[string, (state: ReturnType<typeof database>['state']) => void]>([
    ['an older copy, by its incarnation', (state) => void (state.incarnation = 0)],
    ['an older copy, by its log', (state) => void (state.wal = 40)],
  ])('leaves every ISR when its database is %s', async (_, restore) => {
    const { registration, broker, partition, inSync } = world();
    const { port, state } = database();
    const first = registration(1, port);
    await first.register();
    await first.heartbeat();
    await first.recordProgress();
    await inSync();
    restore(state);
    await registration(1, port).register();
    expect(await partition()).toMatchObject({ isr: [2], leader: null });
    expect((await broker(1))!.identity.incarnation).toBe(2);
  });

  it('is refused on another broker’s server, unless that is allowed, and on another broker’s database', async () => {
    const { registration } = world();
    await registration(1, database('same').port).register();
    const { port, state } = database('same');
    await expect(registration(2, port).register()).rejects.toMatchObject({ code: 'DUPLICATE_BROKER_REGISTRATION' });
    await registration(2, port, true).register();
    expect(state.brokerId).toBe(2);
    await expect(registration(3, port, true).register()).rejects.toThrow('belongs to broker 2; start it with --id 2');
  });
});

describe('a heartbeat', () => {
  it('lets the broker lead for most of its session, and is refused once another process runs the broker', async () => {
    const { registration } = world();
    const { port, state } = database();
    const first = registration(1, port);
    await first.register();
    await first.heartbeat();
    expect(state.leads).toBe(900);
    await registration(1, port).register();
    await expect(first.heartbeat()).rejects.toMatchObject({ code: 'STALE_BROKER_EPOCH' });
    await expect(first.activate()).rejects.toMatchObject({ code: 'STALE_BROKER_EPOCH' });
  });

  it('finds a database that was replaced by an older copy while the process ran, and registers anew, out of every ISR', async () => {
    const { registration, broker, partition, inSync } = world();
    const { port, state } = database();
    const first = registration(1, port);
    await first.register();
    await inSync();
    state.wal = 500;
    await first.heartbeat();
    state.wal = 480;
    await first.heartbeat();
    expect(await broker(1)).toMatchObject({ state: 'fenced', brokerEpoch: 2 });
    expect((await partition()).isr).toEqual([2]);
    await first.heartbeat();
    expect(await broker(1)).toMatchObject({ brokerEpoch: 2 });
  });
});
