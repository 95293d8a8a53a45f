import { readImage } from '../cluster/cluster-metadata.js';
import { systemClock } from '../runtime/clock.js';
import { silentLogger } from '../runtime/logger.js';
import { systemRandom } from '../runtime/random.js';
import { collect, lagOf, until } from '../testing/collect.js';
import { testDatabase } from '../testing/test-database.js';
import { connect } from './connect.js';
import { foundCluster } from './found-cluster.js';
import { openMetadata } from './open-metadata.js';
import { startBroker } from './start-broker.js';

const undos: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) await undo();
});
async function database(): Promise<string> {
  const { url, drop } = await testDatabase();
  undos.push(drop);
  return url;
}

describe('a broker that was alone', () => {
  it('becomes the first of a cluster while records come in, and keeps records, offsets and groups', async () => {
    const [url = '', second = '', third = '', metadataUrl = ''] = await Promise.all([1, 2, 3, 4].map(database));
    const alone = await connect({ url, logger: null });
    undos.push(() => alone.close());
    await alone.admin().createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] });
    const producer = alone.producer({ deliveryTimeoutMs: 60_000 });
    const sent: string[] = [];
    let isOver = false;
    const sending = (async () => {
      for (let count = 0; !isOver; count++) {
        await producer.send({ topic: 'orders', messages: [{ value: `v${count}`, partition: count % 2 }] });
        sent.push(`v${count}`);
        await new Promise((wake) => setTimeout(wake, 2));
      }
    })();
    const before = alone.consumer({ groupId: 'billing' });
    const early = await collect(before, ['orders']);
    await until(() => early.seen.length > 50);
    await before.disconnect();

    const metadata = { url: metadataUrl };
    expect(await foundCluster({ url, metadata })).toEqual(['orders']);
    const timing = { sessionTimeout: 2_000, heartbeatInterval: 300, allowSharedServer: true, logger: null, metadata };
    for (const [id, brokerUrl] of [url, second, third].entries()) {
      const broker = await startBroker({ ...timing, id: id + 1, url: brokerUrl });
      undos.push(() => broker.stop());
    }
    const brokers = [url, second, third].map((brokerUrl, index) => ({ id: index + 1, url: brokerUrl }));
    const cluster = await connect({ brokers, metadata, logger: null });
    undos.push(() => cluster.close());
    const store = await openMetadata(metadata, {
      ...{ schema: 'postlog', clientId: 'spec', connectionTimeout: 5_000, requestTimeout: 5_000, migrate: false },
      ...{ clock: systemClock, random: systemRandom, logger: silentLogger },
    });
    undos.push(() => store.close());
    const inService = async () =>
      [...(await readImage(store.store)).brokers.values()].filter(({ state }) => state === 'active').length;
    await until(async () => (await inService()) === 3);

    const topics = ['orders', '__consumer_offsets'];
    const described = async (topic: string) => {
      const { topics: found } = await cluster.admin().fetchTopicMetadata({ topics: [topic] });
      return found[0]!.partitions;
    };
    for (const topic of topics) {
      const partitionAssignment = (await described(topic)).map(({ partitionId }) => ({
        partition: partitionId,
        replicas: [1, 2, 3],
      }));
      await cluster.admin().alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
    }
    await until(async () => {
      const partitions = (await Promise.all(topics.map(described))).flat();
      return partitions.every(({ isr }) => isr.length === 3);
    });

    const after = cluster.consumer({ groupId: 'billing' });
    const late = await collect(after, ['orders']);
    await until(() => late.seen.length > 50);
    isOver = true;
    await sending;
    await until(async () => (await lagOf(cluster, 'billing')) === 0);
    const seen = [...early.seen, ...late.seen].map(({ value }) => value);
    expect(seen).toHaveLength(sent.length);
    expect(new Set(seen)).toEqual(new Set(sent));
    await expect(alone.admin().createTopics({ topics: [{ topic: 'late' }] })).rejects.toMatchObject({
      code: 'NOT_CONTROLLER',
    });
  }, 60_000);
});
