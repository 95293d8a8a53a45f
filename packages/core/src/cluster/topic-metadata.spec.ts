import { manualClock } from '../testing/manual-clock.js';
import { MemoryMetadata } from '../testing/memory-metadata-store.js';
import { readImage, updateTopic } from './cluster-metadata.js';
import { partitionOf, topicOf } from './cluster.cases.js';
import { addPartitions, createTopic, deleteTopic, type NewTopic } from './topic-metadata.js';

function newWorld() {
  const memory = new MemoryMetadata(manualClock());
  let ids = 0;
  const random = { uuid: () => `id-${++ids}` };
  const store = memory.open();
  const create = (topic: string, partitionCount = 2, through = store) =>
    createTopic(through, newTopic(topic, partitionCount), { random });
  return { store, another: memory.open(), create };
}

const partitions = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => {
    const { partitionId: _id, ...partition } = partitionOf({ partition: from + at });
    return partition;
  });

function newTopic(topic: string, partitionCount: number): NewTopic {
  const { config, replicationFactor } = topicOf([]);
  return { topic, config, replicationFactor, partitions: partitions(partitionCount) };
}

const partitionIds = (topic: { readonly partitions: readonly { readonly partitionId: number }[] }) =>
  topic.partitions.map(({ partitionId }) => partitionId);

describe('creating a topic', () => {
  it('gives it an id, and numbers to its partitions that nobody else has', async () => {
    const { store, another, create } = newWorld();
    const orders = await create('orders', 3);
    expect(orders).toMatchObject({ topic: 'orders', topicId: 'id-1' });
    expect(partitionIds(orders)).toEqual([1, 2, 3]);
    expect((await readImage(another)).topics.get('orders')).toEqual(orders);
    const others = await Promise.all([create('a', 2), create('b', 2, another), create('c', 2)]);
    expect(new Set(others.flatMap(partitionIds))).toEqual(new Set([4, 5, 6, 7, 8, 9]));
    await deleteTopic(store, 'c');
    expect(partitionIds(await create('c', 1))).toEqual([10]);
  });

  it('is refused where the name is taken, by one of two who ask at once', async () => {
    const { another, create } = newWorld();
    const outcomes = await Promise.allSettled([create('orders'), create('orders', 2, another)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(create('orders')).rejects.toMatchObject({ code: 'TOPIC_ALREADY_EXISTS' });
    await expect(create('orders-2')).resolves.toMatchObject({ topic: 'orders-2' });
  });

  it('knows its own topic when the answer was lost, even where somebody has changed it since', async () => {
    const { store, another, create } = newWorld();
    store.failNextCommit('lost');
    expect(await create('orders')).toMatchObject({ topicId: 'id-1' });
    const list = store.list.bind(store);
    store.failNextCommit('lost');
    let calls = 0;
    store.list = async (prefix) => {
      // After the commit, before its outcome is looked up.
      if (++calls === 3) await updateTopic(another, 'payments', (topic) => ({ ...topic, config: { changed: 'yes' } }));
      return list(prefix);
    };
    expect(await create('payments')).toMatchObject({ topicId: 'id-2', config: { changed: 'yes' } });
  });
});

describe('adding partitions', () => {
  it('gives them the next numbers, once', async () => {
    const { store, another, create } = newWorld();
    await create('orders', 2);
    await create('payments', 1);
    const toFour = () =>
      addPartitions(store, 'orders', (topic) => partitions(4 - topic.partitions.length, topic.partitions.length));
    expect(partitionIds(await toFour())).toEqual([1, 2, 4, 5]);
    expect(partitionIds(await toFour())).toEqual([1, 2, 4, 5]);
    expect(partitionIds((await readImage(another)).topics.get('orders')!)).toEqual([1, 2, 4, 5]);
    await expect(addPartitions(store, 'nothing', () => [])).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    });
  });
});

describe('deleting a topic', () => {
  it('says whether there was one', async () => {
    const { store, create } = newWorld();
    await create('orders');
    expect(await deleteTopic(store, 'orders')).toBe(true);
    expect(await deleteTopic(store, 'orders')).toBe(false);
    store.failNextCommit('lost');
    await expect(create('orders')).resolves.toBeDefined();
    store.failNextCommit('lost');
    expect(await deleteTopic(store, 'orders')).toBe(true);
  });

  it('deletes what others changed meanwhile, and leaves a new topic of the same name alone', async () => {
    const { store, another, create } = newWorld();
    await create('orders');
    const list = store.list.bind(store);
    const meanwhile = (work: () => Promise<unknown>) => {
      store.list = async (prefix) => {
        store.list = list;
        const listing = await list(prefix);
        await work();
        return listing;
      };
    };
    meanwhile(() => updateTopic(another, 'orders', (topic) => ({ ...topic, config: { changed: 'yes' } })));
    expect(await deleteTopic(store, 'orders')).toBe(true);
    expect((await readImage(store)).topics.size).toBe(0);

    await create('orders');
    meanwhile(async () => {
      await deleteTopic(another, 'orders');
      await create('orders', 5, another);
    });
    expect(await deleteTopic(store, 'orders')).toBe(true);
    expect((await readImage(store)).topics.get('orders')?.partitions).toHaveLength(5);
  });
});
