import type { BrokerState, ClusterImage } from '../cluster/cluster-image.js';
import { readImage, updateBroker } from '../cluster/cluster-metadata.js';
import { createTopic } from '../cluster/topic-metadata.js';
import { systemRandom } from '../runtime/random.js';
import { manualClock } from '../testing/manual-clock.js';
import { MemoryMetadata } from '../testing/memory-metadata-store.js';
import type { IsrChange } from './isr-keeper.js';
import { MetadataIsrAuthority } from './metadata-isr-authority.js';

async function world() {
  const store = new MemoryMetadata(manualClock()).open();
  const identity = { systemIdentifier: '1', timelineId: 1, incarnation: 1, flushedWal: '0' };
  const put = (brokerId: number, state: BrokerState) =>
    updateBroker(store, brokerId, () => ({ brokerId, rack: null, address: 'a', identity, brokerEpoch: 5, state }));
  await put(2, 'active');
  await put(3, 'fenced');
  const replicas = { replicas: [1, 2, 3], isr: [1], addingReplicas: [], removingReplicas: [], elr: [] };
  const state = { ...replicas, partition: 0, leader: 1, leaderEpoch: 4, partitionEpoch: 7, isRecovering: false };
  const partitions = [state, { ...state, partition: 1 }];
  const topic = { topic: 'orders', config: {}, replicationFactor: 3, partitions };
  const { topicId } = await createTopic(store, topic, { random: systemRandom });
  let image: ClusterImage = await readImage(store);
  const authority = new MetadataIsrAuthority(store, () => image);
  const changes = (...others: Partial<IsrChange>[]) =>
    authority.changeIsr(
      others.map((other) => ({
        topicId,
        partition: 0,
        leaderEpoch: 4,
        partitionEpoch: 7,
        isr: [1, 2],
        joining: new Map([[2, 5]]),
        ...other,
      })),
    );
  const change = async (other: Partial<IsrChange>) => (await changes(other))[0];
  const partition = async (which = 0) => {
    image = await readImage(store);
    return image.topics.get('orders')!.partitions[which]!;
  };
  return { store, change, changes, partition };
}

describe('a change of the ISR', () => {
  it('is made where both epochs are as the leader believes, and raises the partition epoch', async () => {
    const { change, partition } = await world();
    expect(await change({})).toBe(true);
    expect(await partition()).toMatchObject({ isr: [1, 2], partitionEpoch: 8, leaderEpoch: 4 });
    expect(await change({})).toBe(false);
  });

  it.each<[string, Partial<IsrChange>]>([
    ['the leader epoch is another', { leaderEpoch: 3 }],
    ['the partition epoch is another', { partitionEpoch: 6 }],
    ['the topic is another', { topicId: 'gone' }],
    ['who joins is fenced', { isr: [1, 3], joining: new Map([[3, 5]]) }],
    ['who joins has registered anew since', { joining: new Map([[2, 4]]) }],
    ['who joins is not registered', { isr: [1, 9], joining: new Map([[9, 1]]) }],
  ])('is refused when %s', async (_, other) => {
    const { change, partition } = await world();
    expect(await change(other)).toBe(false);
    expect(await partition()).toMatchObject({ isr: [1], partitionEpoch: 7 });
  });

  it('that leaves the ISR as it is raises the partition epoch, so that an older one can come true no more', async () => {
    const { change, partition } = await world();
    expect(await change({ isr: [1], joining: new Map() })).toBe(true);
    expect(await partition()).toMatchObject({ isr: [1], partitionEpoch: 8 });
  });

  it('is made with those of other partitions in one commit, each by itself', async () => {
    const { store, changes, partition } = await world();
    const { revision } = await store.list('');
    expect(await changes({}, { partition: 1, partitionEpoch: 6 })).toEqual([true, false]);
    expect(await changes({ partitionEpoch: 8, isr: [1], joining: new Map() }, { partition: 1 })).toEqual([true, true]);
    expect((await store.list('')).revision).toBe(revision + 2n);
    expect(await partition(0)).toMatchObject({ isr: [1], partitionEpoch: 9 });
    expect(await partition(1)).toMatchObject({ isr: [1, 2], partitionEpoch: 8 });
  });
});
