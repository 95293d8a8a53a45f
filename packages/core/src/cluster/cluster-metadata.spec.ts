import { MOST_CHANGES } from '../metadata/metadata-store.js';
import { manualClock } from '../testing/manual-clock.js';
import { MemoryMetadata } from '../testing/memory-metadata-store.js';
import type { TopicState } from './cluster-image.js';
import { commitDecision, openCluster, readImage, updateBroker, updateTopic } from './cluster-metadata.js';
import { partitionOf, registeredBroker, topicOf } from './cluster.cases.js';

/** A store with brokers 1 to 3 and these topics, as two processes see it. */
async function newWorld(topics: readonly TopicState[] = [topicOf([partitionOf()])]) {
  const memory = new MemoryMetadata(manualClock());
  const store = memory.open();
  const brokers = [1, 2, 3].map((id) => registeredBroker(id));
  await commitDecision(store, await readImage(store), { brokers, topics });
  return { store, another: memory.open() };
}

const shrunk = (topic: TopicState): TopicState => ({
  ...topic,
  partitions: topic.partitions.map((partition) => ({
    ...partition,
    isr: [1],
    partitionEpoch: partition.partitionEpoch + 1,
  })),
});
const named = (topic: string) => ({ ...topicOf([partitionOf()]), topic });

describe("a cluster's image", () => {
  it('shows all brokers and topics, and nothing else', async () => {
    const { store } = await newWorld();
    await store.commit([{ key: 'something/newer', expectedRevision: 0n, value: '{}' }]);
    const image = await readImage(store);
    expect([...image.brokers.keys()]).toEqual([1, 2, 3]);
    expect(image.topics).toEqual(new Map([['orders', topicOf([partitionOf()])]]));
    expect([...image.revisions.keys()]).toEqual(['brokers/1', 'brokers/2', 'brokers/3', 'topics/orders']);
    expect(image.revision).toBeGreaterThan(image.revisions.get('topics/orders')!);
  });

  it('is refused when an entry of it is malformed', async () => {
    const { store } = await newWorld();
    await store.commit([{ key: 'topics/odd', expectedRevision: 0n, value: '{"topic":"odd"}' }]);
    await expect(readImage(store)).rejects.toThrow('metadata entry topics/odd is malformed');
  });
});

describe('a decision on an image', () => {
  it('is written whole, brokers and topics', async () => {
    const { store, another } = await newWorld();
    const image = await readImage(store);
    const decision = { brokers: [registeredBroker(2, 'fenced')], topics: [shrunk(image.topics.get('orders')!)] };
    expect(await commitDecision(store, image, decision)).toBe(true);
    const after = await readImage(another);
    expect(after.brokers.get(2)?.state).toBe('fenced');
    expect(after.topics.get('orders')?.partitions[0]?.isr).toEqual([1]);
    expect(after.revisions.get('brokers/2')).toBe(after.revisions.get('topics/orders'));
  });

  it('is not written when what it rests on has changed', async () => {
    const { store, another } = await newWorld();
    const image = await readImage(store);
    await updateTopic(another, 'orders', shrunk);
    const decision = { brokers: [registeredBroker(2, 'fenced')], topics: [image.topics.get('orders')!] };
    expect(await commitDecision(store, image, decision)).toBe(false);
    expect((await readImage(store)).brokers.get(2)?.state).toBe('active');
  });

  it('goes in parts where one commit does not hold it', async () => {
    const topics = Array.from({ length: MOST_CHANGES + 20 }, (_, number) => named(`topic-${number}`));
    const large = Array.from({ length: 3 }, (_, number) => ({
      ...named(`large-${number}`),
      config: { padding: 'x'.repeat(500_000) },
    }));
    const { store } = await newWorld([...topics, ...large]);
    const { topics: written, revisions } = await readImage(store);
    expect(written.size).toBe(topics.length + large.length);
    expect(new Set(revisions.values()).size).toBe(3);
  });

  it('writes nothing when a part of it is too large for any store', async () => {
    const { store } = await newWorld();
    const image = await readImage(store);
    const huge = { ...named('huge'), config: { padding: 'x'.repeat(2_000_000) } };
    const topics = [...Array.from({ length: MOST_CHANGES }, (_, number) => named(`topic-${number}`)), huge];
    await expect(commitDecision(store, image, { brokers: [], topics })).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    });
    expect(await readImage(store)).toEqual(image);
  });

  it('of a controller that was replaced is refused', async () => {
    const { store } = await newWorld();
    const lease = { name: 'controller', ttlMs: 1_000 };
    const epoch = (await store.acquireLease({ ...lease, holder: 'old' }))!;
    await store.resignLease({ ...lease, holder: 'old' });
    await store.acquireLease({ ...lease, holder: 'new' });
    const decision = { brokers: [registeredBroker(2, 'fenced')], topics: [] };
    const deciding = commitDecision(store, await readImage(store), decision, { name: 'controller', epoch });
    await expect(deciding).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
  });

  it('whose answer was lost counts as written once it is found', async () => {
    const { store } = await newWorld();
    store.failNextCommit('lost');
    const decision = { brokers: [registeredBroker(2, 'fenced')], topics: [] };
    expect(await commitDecision(store, await readImage(store), decision)).toBe(true);
  });
});

describe('changing a topic', () => {
  it('answers the new state, or nothing where there is nothing to do', async () => {
    const { store, another } = await newWorld();
    const changed = await updateTopic(store, 'orders', shrunk);
    expect(changed?.partitions[0]?.isr).toEqual([1]);
    expect((await readImage(another)).topics.get('orders')).toEqual(changed);
    expect(await updateTopic(store, 'orders', () => undefined)).toBeUndefined();
  });

  it('asks again with what others made of it meanwhile', async () => {
    const { store, another } = await newWorld();
    const seen: number[] = [];
    let isFirst = true;
    const list = store.list.bind(store);
    store.list = async (prefix) => {
      const listing = await list(prefix);
      if (isFirst) await updateTopic(another, 'orders', shrunk);
      isFirst = false;
      return listing;
    };
    await updateTopic(store, 'orders', (topic) => {
      seen.push(topic.partitions[0]!.partitionEpoch);
      return topic.partitions[0]!.partitionEpoch === 20 ? shrunk(topic) : undefined;
    });
    expect(seen).toEqual([20, 21]);
  });

  it('is not done on brokers that have changed meanwhile, registered or gone', async () => {
    const { store, another } = await newWorld();
    const seen: (string | undefined)[][] = [];
    const changed = await updateTopic(
      store,
      'orders',
      (topic, brokers) => {
        seen.push([brokers.get(2)?.state, brokers.get(4)?.state]);
        return brokers.get(2)?.state === 'active' ? shrunk(topic) : undefined;
      },
      { brokers: [2, 4, 2] },
    );
    expect(changed).toBeDefined();
    const list = store.list.bind(store);
    let isFirst = true;
    store.list = async (prefix) => {
      const listing = await list(prefix);
      if (isFirst && prefix === 'brokers/') {
        isFirst = false;
        await updateBroker(another, 2, (broker) => ({ ...broker!, state: 'fenced' }));
      }
      return listing;
    };
    const refused = await updateTopic(
      store,
      'orders',
      (topic, brokers) => {
        seen.push([brokers.get(2)?.state, brokers.get(4)?.state]);
        return brokers.get(2)?.state === 'active' ? shrunk(topic) : undefined;
      },
      { brokers: [2, 4] },
    );
    expect(refused).toBeUndefined();
    expect(seen).toEqual([
      ['active', undefined],
      ['active', undefined],
      ['fenced', undefined],
    ]);
  });

  it('needs the topic, and leaves it its name', async () => {
    const { store } = await newWorld([named('orders-2')]);
    await expect(updateTopic(store, 'orders', shrunk)).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' });
    const renaming = updateTopic(store, 'orders-2', (topic) => ({ ...topic, topic: 'other' }));
    await expect(renaming).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

describe('changing a broker', () => {
  it('registers it where it is new, and is asked for the state that it is found in', async () => {
    const { store } = await newWorld();
    const register = (id: number) =>
      updateBroker(store, id, (broker) => ({ ...registeredBroker(id), brokerEpoch: (broker?.brokerEpoch ?? 0) + 1 }));
    expect((await register(12))?.brokerEpoch).toBe(1);
    expect((await register(1))?.brokerEpoch).toBe(2);
    expect((await readImage(store)).brokers.get(1)?.brokerEpoch).toBe(2);
    expect(await updateBroker(store, 1, () => undefined)).toBeUndefined();
    await expect(updateBroker(store, 1, () => registeredBroker(2))).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('raises its epoch once when an answer is lost', async () => {
    const { store } = await newWorld();
    store.failNextCommit('lost');
    const raised = await updateBroker(store, 1, (broker) => ({ ...broker!, brokerEpoch: broker!.brokerEpoch + 1 }));
    expect(raised?.brokerEpoch).toBe(2);
    expect((await readImage(store)).brokers.get(1)?.brokerEpoch).toBe(2);
  });
});

describe('the description of a cluster', () => {
  it('is given once', async () => {
    const { store, another } = await newWorld();
    const first = { clusterId: 'first', createdAt: '2025-01-01T00:00:00Z' };
    const answers = await Promise.all([
      openCluster(store, first),
      openCluster(another, { ...first, clusterId: 'second' }),
    ]);
    expect(answers).toEqual([answers[0], answers[0]]);
    expect(await openCluster(another, { ...first, clusterId: 'third' })).toEqual(answers[0]);
  });
});
