import { connect, type Postlog } from '../index.js';
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

async function newTopic(numPartitions = 4): Promise<string> {
  const topic = `topic-${topics++}`;
  await postlog.admin().createTopics({ topics: [{ topic, numPartitions }] });
  return topic;
}
describe('messages', () => {
  it('come as they were sent: keys, values, headers, times; tombstones and empty values apart', async () => {
    const topic = await newTopic(1);
    const bytes = Buffer.from([0, 255, 128]);
    await postlog.producer().send({
      topic,
      messages: [
        { key: 'k', value: 'v', headers: { a: 'x', b: [bytes, 'y'], ['__proto__']: 'p' }, timestamp: '1234' },
        { key: bytes, value: null },
        { value: '' },
      ],
    });
    const consumer = postlog.consumer(fastGroup('exact'));
    const got = await new Promise<unknown[]>((resolve, reject) => {
      void consumer
        .subscribe({ topics: [topic], fromBeginning: true })
        .then(() => consumer.run({ eachBatch: ({ batch }) => resolve(batch.messages) }).catch(reject));
    });
    expect(got).toMatchObject([
      {
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        timestamp: '1234',
        offset: '0',
        headers: { a: Buffer.from('x'), b: [bytes, Buffer.from('y')] },
      },
      { key: bytes, value: null, offset: '1' },
      { key: null, value: Buffer.alloc(0), offset: '2' },
    ]);
    await consumer.disconnect();
  });

  it.each(['none', 'gzip', 'snappy', 'lz4'] as const)('come through %s', async (compression) => {
    const topic = await newTopic(1);
    const values = Array.from({ length: 500 }, (_, index) => `value ${index} ${'x'.repeat(index)}`);
    await postlog.producer({ compression }).send({ topic, messages: values.map((value) => ({ value })) });
    const consumer = postlog.consumer(fastGroup(`codec-${compression}`));
    const { seen, until: wait } = await collect(consumer, [topic]);
    await wait(() => seen.length >= 500);
    expect(seen.map(({ value }) => value)).toEqual(values);
    await consumer.disconnect();
  });

  it('of one key keep their order, whoever sends beside', async () => {
    const topic = await newTopic();
    const producer = postlog.producer();
    await Promise.all(
      ['a', 'b', 'c'].map(async (key) => {
        for (let n = 0; n < 50; n++) await producer.send({ topic, messages: [{ key, value: String(n) }] });
      }),
    );
    const unawaited = Array.from({ length: 100 }, (_, n) =>
      producer.send({ topic, messages: [{ key: 'd', value: String(n) }] }),
    );
    await Promise.all(unawaited);
    const consumer = postlog.consumer(fastGroup('order'));
    const { seen, until: wait } = await collect(consumer, [topic]);
    await wait(() => seen.length >= 250);
    for (const key of ['a', 'b', 'c', 'd']) {
      const values = seen.filter((each) => each.key === key).map(({ value }) => Number(value));
      expect(values).toEqual(Array.from({ length: values.length }, (_, n) => n));
    }
    await consumer.disconnect();
  });

  it('are placed by a partitioner of the user’s own', async () => {
    const topic = await newTopic(4);
    const regions = ['eu', 'us', 'asia', 'africa'];
    const producer = postlog.producer({
      createPartitioner:
        () =>
        ({ message }) =>
          regions.indexOf(String(message.key)),
    });
    const places = await producer.send({ topic, messages: regions.map((key) => ({ key, value: 'x' })) });
    expect(places.map(({ partition }) => partition).sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  });
});

describe('instrumentation', () => {
  it('tells what a producer and a consumer do, by KafkaJS’s names, and a listener that throws harms nobody', async () => {
    const topic = await newTopic(1);
    const events = new Map<string, Record<string, unknown>>();
    const producer = postlog.producer();
    const consumer = postlog.consumer(fastGroup('events'));
    const keep = ({ type, payload }: { type: string; payload: Readonly<Record<string, unknown>> }) => {
      events.set(type, payload);
      throw new Error('a listener’s own fault');
    };
    for (const name of Object.values(producer.events)) producer.on(name, keep);
    const offs = Object.values(consumer.events).map((name) => consumer.on(name, keep));
    const { until: wait } = await collect(consumer, [topic]);
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'x' }] });
    await wait((seen) => seen.length === 1);
    await consumer.disconnect();
    await producer.disconnect();
    const names = [
      'group_join',
      'heartbeat',
      'fetch_start',
      'fetch',
      'start_batch_process',
      'end_batch_process',
      'commit_offsets',
      'stop',
      'disconnect',
    ];
    for (const name of names) expect([...events.keys()]).toContain(`consumer.${name}`);
    for (const name of ['connect', 'network.request', 'disconnect'])
      expect([...events.keys()]).toContain(`producer.${name}`);
    expect(events.get('consumer.group_join')).toMatchObject({ groupId: 'events', memberAssignment: { [topic]: [0] } });
    for (const off of offs) off();
  });
});

describe('groups', () => {
  it('share a topic inside, and each sees all of it', async () => {
    const topic = await newTopic();
    const [one, two, other] = [
      postlog.consumer(fastGroup('queue')),
      postlog.consumer(fastGroup('queue')),
      postlog.consumer(fastGroup('pubsub')),
    ];
    const collectors = await Promise.all([one, two, other].map((consumer) => collect(consumer, [topic])));
    await until(() => owns(one).length === 2 && owns(two).length === 2 && owns(other).length === 4);
    await postlog
      .producer()
      .send({ topic, messages: Array.from({ length: 200 }, (_, n) => ({ key: `k${n}`, value: String(n) })) });
    const [first, second, all] = collectors.map(({ seen }) => seen);
    await until(() => first!.length + second!.length === 200 && all!.length === 200);
    expect(first!.length).toBeGreaterThan(0);
    expect(second!.length).toBeGreaterThan(0);
    const partitionsOf = (seen: readonly { partition: number }[]) => [
      ...new Set(seen.map(({ partition }) => partition)),
    ];
    expect(partitionsOf(first!).filter((partition) => partitionsOf(second!).includes(partition))).toEqual([]);
    await Promise.all([one, two, other].map((consumer) => consumer.disconnect()));
  });

  it('go on where they stopped', async () => {
    const topic = await newTopic(2);
    const producer = postlog.producer();
    const send = (from: number, to: number) =>
      producer.send({
        topic,
        messages: Array.from({ length: to - from }, (_, n) => ({ key: String(from + n), value: String(from + n) })),
      });
    await send(0, 50);
    const before = postlog.consumer(fastGroup('resume'));
    const first = await collect(before, [topic]);
    await first.until((seen) => seen.length === 50);
    await before.disconnect();
    await send(50, 80);
    const after = postlog.consumer(fastGroup('resume'));
    const second = await collect(after, [topic]);
    await second.until((seen) => seen.length === 30);
    expect(second.seen.map(({ value }) => Number(value)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, n) => 50 + n),
    );
    await after.disconnect();
    expect(await lagOf(postlog, 'resume')).toBe(0);
  });

  it('begin at what comes next when they are told to', async () => {
    const topic = await newTopic(1);
    const producer = postlog.producer();
    await producer.send({ topic, messages: [{ value: 'old' }] });
    const consumer = postlog.consumer(fastGroup('latest'));
    await consumer.subscribe({ topics: [topic] });
    // Its first fetch begins when it knows where the log ends.
    const positioned = new Promise((resolve) => consumer.on(consumer.events.FETCH_START, resolve));
    const got = new Promise<string>((resolve, reject) => {
      consumer.run({ eachMessage: ({ message }) => resolve(String(message.value)) }).catch(reject);
    });
    await positioned;
    await producer.send({ topic, messages: [{ value: 'new' }] });
    expect(await got).toBe('new');
    await consumer.disconnect();
  });
});
