import { connect } from './connect.js';
import type { Postlog } from './postlog.js';
import { silentLogger } from '../runtime/logger.js';
import { collect, until } from '../testing/collect.js';
import { TestCluster } from '../testing/test-cluster.js';

let cluster: TestCluster;
let postlog: Postlog;
const warnings: string[] = [];
beforeAll(async () => {
  cluster = await TestCluster.start({ brokers: 3, topic: { name: 'first', replicationFactor: 3 } });
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  postlog = await connect({ ...cluster.settings, logger });
});
afterAll(async () => {
  await postlog.close();
  await cluster.stop();
});

const described = async (topic: string) => (await postlog.admin().fetchTopicMetadata({ topics: [topic] })).topics[0]!;
const partitionOf = async (topic: string) => (await described(topic)).partitions[0]!;
const send = (topic: string, value: string, acks: 'all' | 1 = 'all') =>
  postlog.producer().send({ topic, messages: [{ value, partition: 0 }], acks });
const moveTo = async (topic: string, replicas: readonly number[] | null) =>
  postlog.admin().alterPartitionReassignments({
    topics: [{ topic, partitionAssignment: [{ partition: 0, replicas }] }],
  });

describe('an admin of a cluster', () => {
  it('sees its brokers and its controller, under one name for ever', async () => {
    const seen = await postlog.admin().describeCluster();
    expect(seen.brokers.map(({ nodeId, state }) => [nodeId, state])).toEqual([
      [1, 'active'],
      [2, 'active'],
      [3, 'active'],
    ]);
    expect([1, 2, 3]).toContain(seen.controller);
    expect((await postlog.admin().describeCluster()).clusterId).toBe(seen.clusterId);
  });

  it('creates topics that can be used at once, with three replicas of which two must be in sync', async () => {
    expect(await postlog.admin().createTopics({ topics: [{ topic: 'new', numPartitions: 6 }] })).toBe(true);
    expect(await postlog.admin().createTopics({ topics: [{ topic: 'new' }] })).toBe(false);
    const { partitions, configEntries } = await described('new');
    expect(configEntries).toEqual([{ name: 'min.insync.replicas', value: '2' }]);
    for (const { replicas, isr, offlineReplicas } of partitions) {
      expect([replicas.length, isr.length, offlineReplicas]).toEqual([3, 3, []]);
    }
    const leads = partitions.map(({ leader }) => leader);
    expect([1, 2, 3].map((broker) => leads.filter((leader) => leader === broker).length)).toEqual([2, 2, 2]);
    await send('new', 'x');
    await postlog.admin().createPartitions({ topicPartitions: [{ topic: 'new', count: 8 }] });
    await postlog.producer().send({ topic: 'new', messages: [{ value: 'y', partition: 7 }] });
    expect((await postlog.admin().fetchTopicOffsets('new')).map(({ high }) => high)).toEqual([
      ...['1', '0', '0', '0', '0', '0', '0', '1'],
    ]);
    await postlog.admin().deleteTopics({ topics: ['new'] });
    expect(await postlog.admin().listTopics()).not.toContain('new');
    await expect(
      postlog.admin().createTopics({ topics: [{ topic: 'x', replicationFactor: 4 }] }),
    ).rejects.toMatchObject({
      code: 'INVALID_REPLICATION_FACTOR',
    });
  });

  it('moves a partition to other brokers, with all its records', async () => {
    await postlog.admin().createTopics({ topics: [{ topic: 'moving', replicationFactor: 1 }] });
    const from = (await partitionOf('moving')).leader;
    for (let n = 0; n < 20; n++) await send('moving', String(n));
    const to = [1, 2, 3].filter((broker) => broker !== from);
    await moveTo('moving', to);
    await until(async () => (await postlog.admin().listPartitionReassignments()).topics.length === 0);
    expect(await partitionOf('moving')).toMatchObject({ leader: to[0], replicas: to, isr: to, addingReplicas: [] });
    await send('moving', '20');
    const { seen, until: untilSeen } = await collect(postlog.consumer({ groupId: 'movers' }), ['moving']);
    await untilSeen((records) => records.length === 21);
    expect(seen.map(({ value }) => value)).toEqual(Array.from({ length: 21 }, (_, n) => String(n)));
    await expect(moveTo('moving', null)).rejects.toMatchObject({ code: 'NO_REASSIGNMENT_IN_PROGRESS' });
    await expect(moveTo('moving', [1, 9])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('drains a broker, and gives its leaderships back when it has returned', async () => {
    await postlog.admin().createTopics({ topics: [{ topic: 'drained', numPartitions: 3 }] });
    const leaders = async () => (await described('drained')).partitions.map(({ leader }) => leader);
    await until(async () => (await partitionOf('drained')).isr.length === 3);
    await postlog.admin().drainBroker(2);
    expect(await leaders()).not.toContain(2);
    const prefer = () =>
      postlog.admin().electLeaders({ electionType: 'preferred', topicPartitions: [{ topic: 'drained' }] });
    const refusals = (await prefer()).map(({ error }) => error);
    expect(refusals.filter((error) => error === 'ELECTION_NOT_NEEDED')).toHaveLength(2);
    expect(refusals).toContain('PREFERRED_LEADER_NOT_AVAILABLE');
    await cluster.stopBroker(2);
    await cluster.startBroker(2);
    await until(async () => (await prefer()).every(({ error }) => error === null || error === 'ELECTION_NOT_NEEDED'));
    expect(new Set(await leaders())).toEqual(new Set([1, 2, 3]));
    await expect(postlog.admin().drainBroker(9)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('elects an unclean leader when told to; readers say what is gone, and go on with what it has instead', async () => {
    await postlog.admin().createTopics({ topics: [{ topic: 'risky', replicationFactor: 1 }] });
    await moveTo('risky', [1, 2]);
    await until(async () => (await partitionOf('risky')).isr.length === 2);
    const reader = await collect(postlog.consumer({ groupId: 'readers' }), ['risky']);
    const read = () => reader.seen.map(({ value }) => value);
    await until(async () => (await partitionOf('risky')).leader === 1 || (await moveLeader()));
    await send('risky', 'kept');
    await cluster.killBroker(2);
    await until(async () => (await partitionOf('risky')).isr.length === 1);
    await send('risky', 'lost 1');
    await send('risky', 'lost 2');
    await reader.until(() => read().length === 3);
    await cluster.killBroker(1);
    // Its database is still there: whoever begins to follow it now would copy what is to be lost.
    await until(async () => (await partitionOf('risky')).leader === -1);
    await cluster.startBroker(2);
    const elect = () =>
      postlog.admin().electLeaders({ electionType: 'unclean', topicPartitions: [{ topic: 'risky', partitions: [0] }] });
    await until(async () => (await elect())[0]!.leader === 2);
    await send('risky', 'instead');
    await reader.until(() => read().includes('instead'));
    expect(read()).toEqual(['kept', 'lost 1', 'lost 2', 'instead']);
    expect(warnings.filter((message) => message.includes('risky'))).toEqual([
      expect.stringContaining('records of risky-0 from offset 1 to 2 were read and are gone'),
    ]);
    await cluster.startBroker(1);
  });
});

/** Asks for the preferred leader of the risky partition; never the answer to anything. */
async function moveLeader(): Promise<boolean> {
  await postlog.admin().electLeaders({ electionType: 'preferred', topicPartitions: [{ topic: 'risky' }] });
  return false;
}
