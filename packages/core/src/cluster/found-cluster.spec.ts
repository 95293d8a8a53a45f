import { systemRandom } from '../runtime/random.js';
import { manualClock } from '../testing/manual-clock.js';
import { MemoryMetadata } from '../testing/memory-metadata-store.js';
import type { BrokerDatabase } from './broker-database.js';
import type { TopicState } from './cluster-image.js';
import { readImage, updateBroker } from './cluster-metadata.js';
import { foundCluster } from './found-cluster.js';
import { createTopic } from './topic-metadata.js';

const partition = (number: number, partitionId: number) => ({
  partition: number,
  partitionId,
  replicas: [1],
  isr: [1],
  addingReplicas: [],
  removingReplicas: [],
  elr: [],
  leader: 1,
  leaderEpoch: 0,
  partitionEpoch: 0,
  isRecovering: false,
});
const topic = (name: string, ...partitionIds: number[]): TopicState => ({
  topic: name,
  topicId: `00000000-0000-4000-8000-00000000000${partitionIds[0]!}`,
  config: {},
  replicationFactor: 1,
  partitions: partitionIds.map((id, index) => partition(index, id)),
});

function world() {
  const store = new MemoryMetadata(manualClock()).open();
  const calls: string[] = [];
  const identity = {
    systemIdentifier: '1',
    timelineId: 1,
    incarnation: 0,
    brokerId: 1,
    databaseOid: 1,
    writtenWal: '1',
    now: '',
  };
  const database = {
    identify: () => Promise.resolve(identity),
    raiseIncarnation: () => {
      calls.push('mark');
      return Promise.resolve(1);
    },
  } as unknown as BrokerDatabase;
  const found = (...topics: TopicState[]) =>
    foundCluster({
      brokerId: 1,
      store,
      database,
      replicaLagTimeMaxMs: 1,
      readTopics: () => {
        calls.push('read');
        return Promise.resolve(topics);
      },
    });
  return { store, calls, found };
}

describe('making a cluster of one broker', () => {
  it('marks its database before it reads the topics, and keeps their numbers and leaders', async () => {
    const { store, calls, found } = world();
    expect(await found(topic('a', 1, 2), topic('b', 7))).toEqual(['a', 'b']);
    expect(calls).toEqual(['mark', 'read']);
    const { topics } = await readImage(store);
    expect(topics.get('b')!.partitions[0]).toMatchObject({ partitionId: 7, leader: 1, replicas: [1] });
    const next = await createTopic(
      store,
      { ...topic('c', 1), partitions: [partition(0, 0)] },
      { random: systemRandom },
    );
    expect(next.partitions[0]!.partitionId).toBe(8);
  });

  it('may be repeated, and takes only what is missing', async () => {
    const { found } = world();
    await found(topic('a', 1));
    expect(await found(topic('a', 1), topic('b', 2))).toEqual(['b']);
  });

  it('is refused where other brokers are registered', async () => {
    const { store, calls, found } = world();
    const identity = { systemIdentifier: '2', timelineId: 1, incarnation: 1, flushedWal: '0' };
    const broker = { brokerId: 2, rack: null, address: 'a', identity, brokerEpoch: 1, state: 'active' } as const;
    await updateBroker(store, 2, () => broker);
    await expect(found(topic('a', 1))).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect(calls).toEqual([]);
  });
});
