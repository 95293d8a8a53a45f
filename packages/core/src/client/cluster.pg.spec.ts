import { connect } from './connect.js';
import type { Postlog } from './postlog.js';
import { collect, fastGroup, owns, until } from '../testing/collect.js';
import { TestCluster } from '../testing/test-cluster.js';

let cluster: TestCluster;
let postlog: Postlog;
beforeEach(async () => {
  cluster = await TestCluster.start({
    brokers: 3,
    topic: { name: 'orders', replicationFactor: 3, minInsyncReplicas: 2, partitions: 2 },
  });
  postlog = await connect({ ...cluster.settings, logger: null });
});
afterEach(async () => {
  await postlog.close();
  await cluster.stop();
});

const values = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `value ${from + index}`);
const send = (messages: readonly string[]) =>
  postlog
    .producer()
    .send({ topic: 'orders', messages: messages.map((value, index) => ({ value, partition: index % 2 })) });

describe('clients of a cluster', () => {
  it('produce and consume across the death of a leader, lose nothing and see nothing twice', async () => {
    const consumer = postlog.consumer({ groupId: 'billing' });
    const { seen, until: untilSeen } = await collect(consumer, ['orders']);
    const producer = postlog.producer();
    const sent: string[] = [];
    let isOver = false;
    const sending = (async () => {
      for (let count = 0; !isOver; count++) {
        await producer.send({ topic: 'orders', messages: [{ value: `v${count}`, partition: count % 2 }] });
        sent.push(`v${count}`);
      }
    })();
    await until(() => sent.length > 20);
    await cluster.killBroker(1);
    const before = sent.length;
    await until(() => sent.length > before + 40);
    isOver = true;
    await sending;
    const wanted = new Set(sent);
    await untilSeen((records) => records.filter(({ value }) => wanted.has(value!)).length >= sent.length);
    const found = seen.map(({ value }) => value!).filter((value) => value.startsWith('v'));
    expect(found).toHaveLength(new Set(found).size);
    expect(new Set(found)).toEqual(wanted);
  });

  it('find offsets, members and owners as they were when the coordinator of their group dies', async () => {
    await send(values(10));
    const first = postlog.consumer({ ...fastGroup('shipping'), sessionTimeout: 6_000 });
    const second = postlog.consumer({ ...fastGroup('shipping'), sessionTimeout: 6_000 });
    const one = await collect(first, ['orders']);
    const two = await collect(second, ['orders']);
    await until(() => one.seen.length + two.seen.length >= 10);
    await until(() => owns(first).length === 1 && owns(second).length === 1);
    await until(async () => (await lag('shipping')) === 0);
    const owned = [owns(first), owns(second)];
    const { topics } = await postlog.admin().fetchTopicMetadata({ topics: ['__consumer_offsets'] });
    const { groups } = await postlog.admin().describeGroups(['shipping']);
    const coordinator = topics[0]!.partitions[partitionOf('shipping')]!.leader;
    await cluster.killBroker(coordinator);
    await until(async () => {
      const after = await postlog.admin().fetchTopicMetadata({ topics: ['__consumer_offsets'] });
      return ![coordinator, -1].includes(after.topics[0]!.partitions[partitionOf('shipping')]!.leader);
    });
    const total = one.seen.length + two.seen.length;
    await send(values(10, 100));
    await until(() => one.seen.length + two.seen.length >= total + 10);
    await until(async () => (await lag('shipping')) === 0);
    expect([owns(first), owns(second)]).toEqual(owned);
    expect((await postlog.admin().describeGroups(['shipping'])).groups[0]).toMatchObject({
      state: 'Stable',
      groupEpoch: groups[0]!.groupEpoch,
    });
    expect(new Set([...one.seen, ...two.seen].map(({ partition, offset }) => `${partition}:${offset}`)).size).toBe(
      one.seen.length + two.seen.length,
    );
  });
});

async function lag(groupId: string): Promise<number> {
  const topics = await postlog.admin().fetchOffsets({ groupId });
  return topics.flatMap(({ partitions }) => partitions).reduce((sum, each) => sum + Number(each.lag), 0);
}

function partitionOf(groupId: string): number {
  let hash = 0;
  for (const char of groupId) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) | 0;
  return (hash & 0x7fffffff) % 50;
}
