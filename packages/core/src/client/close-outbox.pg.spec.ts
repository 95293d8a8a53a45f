import { untilWaitForLock } from '../testing/lock-waits.js';
import { outboxWorld, type OutboxWorld } from '../testing/outbox-world.js';
import { testDatabase, type TestDatabase } from '../testing/test-database.js';
import { foundCluster } from './found-cluster.js';

let world: OutboxWorld;
let store: TestDatabase;
const found = () => foundCluster({ url: world.url, metadata: { url: store.url } });
const publish = async (client: Awaited<ReturnType<OutboxWorld['client']>>, value: string) =>
  world.producer.send({ topic: 't', messages: [{ value }], transaction: client });

afterEach(async () => {
  await world.drop();
  await store.drop();
});

describe('the outbox of a broker that becomes the first of a cluster', () => {
  it('must be empty: what was published is not left behind', async () => {
    [world, store] = await Promise.all([outboxWorld({ services: false }), testDatabase()]);
    const client = await world.begin();
    await publish(client, 'committed');
    await client.query('commit');
    await expect(found()).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining('let a process with services run until they are, then repeat') as string,
    });
    await world.postlog.admin().createTopics({ topics: [{ topic: 'still-alone' }] });
    await world.connect();
    expect(await world.untilStored(1)).toEqual(['committed']);
    expect(await found()).toEqual(['still-alone', 't']);
  });

  it('is not closed under a transaction that has published and goes on', async () => {
    [world, store] = await Promise.all([outboxWorld(), testDatabase()]);
    const open = await world.begin();
    await publish(open, 'open');
    await expect(found()).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR', retriable: true });
    await open.query('commit');
    expect(await world.untilStored(1)).toEqual(['open']);
  });

  it('is looked into when it is locked, not before: who commits while it is waited for is not left behind', async () => {
    [world, store] = await Promise.all([outboxWorld({ services: false }), testDatabase()]);
    const open = await world.begin();
    await publish(open, 'just in time');
    const founding = found();
    const refused = expect(founding).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await untilWaitForLock(world.url);
    await open.query('commit');
    await refused;
  });

  it('is not closed while something is still to be delivered later', async () => {
    [world, store] = await Promise.all([outboxWorld(), testDatabase()]);
    const later = () => world.producer.send({ topic: 't', messages: [{ value: 'later' }], delayMs: 3_600_000 });
    const { id } = await later();
    await expect(found()).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining('cancel them or wait for them, then repeat') as string,
    });
    await world.producer.cancel(id);
    expect(await found()).toEqual(['t']);
    await expect(later()).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('takes nothing afterwards, also from a transaction that cannot see that', async () => {
    [world, store] = await Promise.all([outboxWorld(), testDatabase()]);
    const old = await world.begin('isolation level repeatable read');
    await old.query('select count(*) from orders');
    await found();
    await expect(publish(old, 'late')).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining('belongs to a cluster') as string,
    });
    await old.query('rollback');
    expect(await world.values()).toEqual([]);
  });
});
