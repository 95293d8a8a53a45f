import { connect, type Consumer, type ConsumerRun, type Postlog } from '../index.js';
import { collect, fastGroup, lagOf, owns, until } from '../testing/collect.js';
import { databaseWithSchema } from '../testing/schema-template.js';
import type { TestDatabase } from '../testing/test-database.js';

let test: TestDatabase;
let postlog: Postlog;
let topics = 0;

beforeAll(async () => {
  test = await databaseWithSchema();
  postlog = await connect({ url: test.url, logger: null });
});
afterAll(async () => {
  await postlog.close();
  await test.drop();
});

/** A topic with one partition, whose records were made at 1000, 2000 and so on. */
async function topicOf(...values: readonly string[]): Promise<string> {
  const topic = `topic-${topics++}`;
  await postlog.admin().createTopics({ topics: [{ topic, numPartitions: 1 }] });
  for (const [place, value] of values.entries()) {
    await postlog.producer().send({ topic, messages: [{ value, timestamp: String((place + 1) * 1_000) }] });
  }
  return topic;
}

async function run(consumer: Consumer, options: ConsumerRun = {}): Promise<string[]> {
  const seen: string[] = [];
  await consumer.run({
    autoCommitInterval: 50,
    ...options,
    eachMessage: ({ message }) => void seen.push(message.value!.toString()),
  });
  return seen;
}

describe('where a group begins without offsets', () => {
  it('is what the consumer says, unless its subscription says otherwise', async () => {
    const topic = await topicOf('a', 'b');
    const consumer = postlog.consumer({ ...fastGroup('earliest'), autoOffsetReset: 'earliest' });
    await consumer.subscribe({ topics: [topic] });
    const seen = await run(consumer);
    await until(() => seen.length === 2);
    await consumer.disconnect();
  });

  it('is nowhere with none: the consumer crashes for good, and says what to do', async () => {
    const topic = await topicOf('a');
    const consumer = postlog.consumer({ ...fastGroup('none'), autoOffsetReset: 'none' });
    const crashes: Record<string, unknown>[] = [];
    consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload));
    const stopped = new Promise((resolve) => consumer.on(consumer.events.STOP, resolve));
    await consumer.subscribe({ topics: [topic] });
    const seen = await run(consumer);
    await stopped;
    expect(crashes).toMatchObject([{ restart: false, error: { code: 'NO_OFFSET_FOR_PARTITION' } }]);
    expect(seen).toEqual([]);
    await consumer.disconnect();
  });
});

describe('seek', () => {
  it('finds the first record that is not older than a time; past all of them is the end', async () => {
    const topic = await topicOf('a', 'b', 'c', 'd');
    const consumer = postlog.consumer(fastGroup('by-time'));
    const { seen, until: wait } = await collect(consumer, [topic]);
    await wait(() => seen.length === 4);
    consumer.seek({ topic, partition: 0, timestamp: 2_500 });
    await wait(() => seen.length === 6);
    consumer.seek({ topic, partition: 0, timestamp: 99_000 });
    await postlog.producer().send({ topic, messages: [{ value: 'e', timestamp: '5000' }] });
    await wait(() => seen.length === 7);
    expect(seen.map(({ value }) => value).join('')).toBe('abcdcde');
    await consumer.disconnect();
  });

  it('takes an offset or a time', async () => {
    const topic = await topicOf('a');
    const consumer = postlog.consumer(fastGroup('wrong-seek'));
    await collect(consumer, [topic]);
    const place = { topic, partition: 0 };
    expect(() => consumer.seek({ ...place, offset: '1', timestamp: 1 } as never)).toThrow('not both');
    expect(() => consumer.seek(place as never)).toThrow('an offset, or a timestamp');
    expect(() => consumer.seek({ ...place, timestamp: -1 })).toThrow('timestamp is -1');
    await consumer.disconnect();
  });
});

describe('a consumer that assigns partitions to itself', () => {
  it('needs no group, begins where it says, and commits nothing', async () => {
    const topic = await topicOf('a', 'b', 'c');
    const consumer = postlog.consumer({ autoOffsetReset: 'earliest' });
    await expect(consumer.subscribe({ topics: [topic] })).rejects.toMatchObject({ code: 'INVALID_GROUP_ID' });
    await expect(consumer.assign([{ topic, partition: 7 }])).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    });
    await consumer.assign([{ topic, partition: 0, offset: '1' }]);
    const seen = await run(consumer);
    await until(() => seen.join('') === 'bc');
    await expect(consumer.commitOffsets([{ topic, partition: 0, offset: '1' }])).rejects.toMatchObject({
      code: 'INVALID_GROUP_ID',
    });
    const other = await topicOf('x', 'y');
    await consumer.assign([{ topic: other, partition: 0, timestamp: 1_500 }]);
    await until(() => seen.join('') === 'bcy');
    expect(consumer.assignment()).toEqual([{ topic: other, partitions: [0] }]);
    await consumer.disconnect();
  });

  it('goes on at a group’s offsets and commits to it, until that group has members', async () => {
    const topic = await topicOf('a', 'b');
    const first = postlog.consumer({ groupId: 'own', autoOffsetReset: 'earliest' });
    await first.assign([{ topic, partition: 0 }]);
    const seen = await run(first);
    await until(async () => seen.length === 2 && (await lagOf(postlog, 'own')) === 0);
    await first.disconnect();

    const second = postlog.consumer({ groupId: 'own', autoOffsetReset: 'earliest' });
    const crashed = new Promise((resolve) => second.on(second.events.CRASH, ({ payload }) => resolve(payload)));
    await second.assign([{ topic, partition: 0 }]);
    const more = await run(second, { autoCommitInterval: 20 });
    const member = postlog.consumer(fastGroup('own'));
    await collect(member, [topic]);
    await until(() => owns(member).length === 1);
    await postlog.producer().send({ topic, messages: [{ value: 'c' }] });
    expect(await crashed).toMatchObject({ restart: false, error: { code: 'UNKNOWN_MEMBER_ID' } });
    expect(more).toEqual(['c']);
    await Promise.all([second.disconnect(), member.disconnect()]);
  });

  it('does not subscribe beside', async () => {
    const topic = await topicOf();
    const consumer = postlog.consumer(fastGroup('either'));
    await consumer.subscribe({ topics: [topic] });
    await expect(consumer.assign([{ topic, partition: 0 }])).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    await consumer.disconnect();
  });
});
