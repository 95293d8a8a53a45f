import { connect, type Postlog } from '../index.js';
import { collect, fastGroup, owns, until } from '../testing/collect.js';
import { databaseWithSchema } from '../testing/schema-template.js';
import type { TestDatabase } from '../testing/test-database.js';

let test: TestDatabase;
let postlog: Postlog;

beforeAll(async () => {
  test = await databaseWithSchema();
  postlog = await connect({ url: test.url, logger: null });
});
afterAll(async () => {
  await postlog.close();
  await test.drop();
});

describe('partitions that are added', () => {
  it('are noticed by a running group, written to and read, while the old ones go on', async () => {
    const admin = postlog.admin();
    await admin.createTopics({ topics: [{ topic: 'grows', numPartitions: 2 }] });
    const consumers = ['a', 'b'].map(() => postlog.consumer(fastGroup('growing')));
    const [first, second] = await Promise.all(consumers.map((consumer) => collect(consumer, ['grows'])));
    await until(() => consumers.every((consumer) => owns(consumer).length === 1));
    const kept = consumers.map((consumer) => owns(consumer)[0]!);
    await admin.createPartitions({ topicPartitions: [{ topic: 'grows', count: 6 }] });
    await until(() => consumers.every((consumer) => owns(consumer).length === 3));
    consumers.forEach((consumer, place) => expect(owns(consumer)).toContain(kept[place]));
    const producer = postlog.producer();
    await producer.send({
      topic: 'grows',
      messages: [0, 1, 2, 3, 4, 5].map((partition) => ({ partition, value: 'x' })),
    });
    await until(() => first!.seen.length + second!.seen.length === 6);
    const read = [...first!.seen, ...second!.seen].map(({ partition }) => partition);
    expect(new Set(read)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    await Promise.all(consumers.map((consumer) => consumer.disconnect()));
  });

  it('cannot be fewer than there are, nor belong to no topic', async () => {
    const admin = postlog.admin();
    await admin.createTopics({ topics: [{ topic: 'fixed', numPartitions: 3 }] });
    const grow = (topic: string, count: number) => admin.createPartitions({ topicPartitions: [{ topic, count }] });
    for (const count of [2, 3, 0, 1.5]) {
      await expect(grow('fixed', count)).rejects.toMatchObject({ code: 'INVALID_PARTITIONS' });
    }
    await expect(grow('missing', 3)).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' });
    expect(await admin.createPartitions({ topicPartitions: [{ topic: 'fixed', count: 4 }], validateOnly: true })).toBe(
      true,
    );
    expect(await admin.fetchTopicOffsets('fixed')).toHaveLength(3);
  });
});
