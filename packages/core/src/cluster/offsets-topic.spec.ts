import { manualClock } from '../testing/manual-clock.js';
import { MemoryMetadata } from '../testing/memory-metadata-store.js';
import type { RegisteredBroker } from './cluster-image.js';
import { readImage } from './cluster-metadata.js';
import { createOffsetsTopic, OFFSETS_TOPIC } from './offsets-topic.js';

const broker = (brokerId: number): RegisteredBroker => ({
  brokerId,
  rack: null,
  address: 'a',
  identity: { systemIdentifier: String(brokerId), timelineId: 1, incarnation: 1, flushedWal: '0' },
  brokerEpoch: 1,
  state: 'active',
});
const random = { next: () => 0.5, uuid: () => '00000000-0000-4000-8000-000000000001' };

describe('the topic that groups are kept in', () => {
  it.each([
    [1, 1, '1'],
    [2, 2, '1'],
    [5, 3, '2'],
  ])('has on %i brokers %i replicas, of which %s must be in sync', async (brokers, replicationFactor, minIsr) => {
    const store = new MemoryMetadata(manualClock()).open();
    const active = Array.from({ length: brokers }, (_, index) => broker(index + 1));
    await createOffsetsTopic(store, active, random);
    await createOffsetsTopic(store, active, { ...random, uuid: () => '00000000-0000-4000-8000-000000000002' });
    const topic = (await readImage(store)).topics.get(OFFSETS_TOPIC)!;
    expect([topic.partitions.length, topic.replicationFactor, topic.config['min.insync.replicas']]).toEqual([
      50,
      replicationFactor,
      minIsr,
    ]);
    expect(new Set(topic.partitions.map(({ leader }) => leader)).size).toBe(brokers);
  });
});
