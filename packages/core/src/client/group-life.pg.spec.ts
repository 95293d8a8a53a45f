import { connect, type Consumer, type ConsumerOptions, type Postlog } from '../index.js';
import { collect, fastGroup, owns, until } from '../testing/collect.js';
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

async function newTopic(numPartitions: number, name = `topic-${topics++}`): Promise<string> {
  await postlog.admin().createTopics({ topics: [{ topic: name, numPartitions }] });
  return name;
}
async function lagIn(topic: string, groupId: string): Promise<string> {
  const [offsets] = await postlog.admin().fetchOffsets({ groupId, topics: [topic] });
  return offsets!.partitions[0]!.lag;
}
const topicsOf = (consumer: Consumer) =>
  consumer
    .assignment()
    .map(({ topic }) => topic)
    .sort();

describe('a static member', () => {
  const named = (groupId: string, groupInstanceId: string): ConsumerOptions => ({
    ...fastGroup(groupId),
    sessionTimeout: 20_000,
    groupInstanceId,
  });

  it('that restarts gets its partitions back, and nobody else’s move', async () => {
    const topic = await newTopic(6);
    const [a, b] = [postlog.consumer(named('rolling', 'a')), postlog.consumer(named('rolling', 'b'))];
    await Promise.all([collect(a, [topic]), collect(b, [topic])]);
    await until(() => owns(a).length === 3 && owns(b).length === 3);
    const before = owns(a);
    let movesOfB = 0;
    b.on(b.events.REBALANCING, () => (movesOfB += 1));
    await a.disconnect();
    const again = postlog.consumer(named('rolling', 'a'));
    await collect(again, [topic]);
    await until(() => owns(again).length > 0);
    expect(owns(again)).toEqual(before);
    expect(owns(b)).toHaveLength(3);
    expect(movesOfB).toBe(0);
    await Promise.all([again.disconnect(), b.disconnect()]);
  });

  it('whose name another process takes stops for good, and says why', async () => {
    const topic = await newTopic(2);
    const old = postlog.consumer(named('twins', 'a'));
    await collect(old, [topic]);
    await until(() => owns(old).length === 2);
    const crashed = new Promise((resolve) => old.on(old.events.CRASH, ({ payload }) => resolve(payload)));
    const young = postlog.consumer(named('twins', 'a'));
    await collect(young, [topic]);
    await until(() => owns(young).length === 2);
    expect(await crashed).toMatchObject({ restart: false, error: { code: 'FENCED_INSTANCE_ID' } });
    expect(owns(young)).toHaveLength(2);
    await Promise.all([old.disconnect(), young.disconnect()]);
  });
});

describe('a subscription by pattern', () => {
  it('takes in topics that are created later, shares them out, and lets go of what it is told to', async () => {
    const prefix = `log${topics++}`;
    await newTopic(2, `${prefix}.a`);
    const consumers = ['x', 'y'].map(() => postlog.consumer(fastGroup(prefix)));
    for (const consumer of consumers) {
      await consumer.subscribe({ topics: [new RegExp(`^${prefix}\\.`)], fromBeginning: true });
      await consumer.run({ eachMessage: () => {} });
    }
    await until(() => consumers.every((consumer) => owns(consumer).length === 1));
    await newTopic(2, `${prefix}.b`);
    await newTopic(2, `other-${prefix}`);
    await until(() => consumers.every((consumer) => owns(consumer).length === 2));
    expect(new Set(consumers.flatMap(topicsOf))).toEqual(new Set([`${prefix}.a`, `${prefix}.b`]));

    const [first, second] = consumers as [Consumer, Consumer];
    await first.subscribe({ topics: [`${prefix}.a`] });
    await first.unsubscribe({ topics: [new RegExp(`^${prefix}\\.`)] });
    await until(
      () => topicsOf(first).join() === `${prefix}.a` && [first, second].every((each) => owns(each).length === 2),
    );
    await Promise.all(consumers.map((consumer) => consumer.disconnect()));
  });

  it('that takes too long ends the consumer, not the process', async () => {
    await newTopic(1, `${'a'.repeat(60)}_`);
    const consumer = postlog.consumer(fastGroup('evil'));
    const crashed = new Promise((resolve) => consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload)));
    await consumer.subscribe({ topics: [/^(a+)+$/] });
    await consumer.run({ eachMessage: () => {} });
    expect(await crashed).toMatchObject({ restart: false, error: { code: 'INVALID_REGULAR_EXPRESSION' } });
    await consumer.disconnect();
  });
});

describe('an assignor of one’s own', () => {
  it('shares partitions out, and what it must not do is undone', async () => {
    const topic = await newTopic(4);
    const consumers = ['x', 'y'].map(() =>
      postlog.consumer({
        ...fastGroup('greedy'),
        assignor: {
          name: 'first-takes-all',
          assign: (members, partitions) =>
            new Map(members.map(({ memberId }) => [memberId, partitions.map(({ partitionId }) => partitionId)])),
        },
      }),
    );
    for (const consumer of consumers) await collect(consumer, [topic]);
    const shares = () => consumers.map((consumer) => owns(consumer).length).sort((a, b) => a - b);
    await until(() => shares().join() === '0,4');
    await Promise.all(consumers.map((consumer) => consumer.disconnect()));
  });
});

describe('keyConcurrency', () => {
  it('handles keys side by side, each in order, and commits up to the lowest unfinished record', async () => {
    const topic = await newTopic(1);
    const keys = ['slow', 'a', 'b', 'a', 'c', 'b', 'a'];
    await postlog.producer().send({ topic, messages: keys.map((key, n) => ({ key, value: String(n) })) });
    const consumer = postlog.consumer(fastGroup('keyed'));
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { seen, until: wait } = await collect(consumer, [topic], {
      run: { keyConcurrency: 8, autoCommitInterval: 20 },
      before: ({ message }) => (message.key?.toString() === 'slow' ? held : undefined),
    });
    await wait(() => seen.length === 6);
    await postlog.producer().send({ topic, messages: [{ key: 'late', value: '7' }] });
    await wait(() => seen.length === 7);
    expect(seen.filter(({ key }) => key === 'a').map(({ offset }) => offset)).toEqual(['1', '3', '6']);
    expect(await lagIn(topic, 'keyed')).toBe('8');
    release();
    await until(async () => (await lagIn(topic, 'keyed')) === '0');
    await consumer.disconnect();
  });

  it('repeats a record that failed, holding up only its key, and nothing that was handled', async () => {
    const topic = await newTopic(1);
    await postlog.producer().send({
      topic,
      messages: ['bad', 'a', 'bad', 'a'].map((key, n) => ({ key, value: String(n) })),
    });
    const consumer = postlog.consumer({ ...fastGroup('keyed-retry'), retry: { initialRetryTime: 30, retries: 10 } });
    let failures = 0;
    const { seen, until: wait } = await collect(consumer, [topic], {
      run: { keyConcurrency: 2, autoCommitInterval: 20 },
      before: ({ message }) => {
        if (message.offset === '0' && failures++ < 2) throw new Error('not yet');
      },
    });
    await wait(() => seen.length === 4);
    expect(seen.map(({ offset }) => offset)).toEqual(['1', '3', '0', '2']);
    expect(failures).toBe(3);
    await until(async () => (await lagIn(topic, 'keyed-retry')) === '0');
    await consumer.disconnect();
  });

  it('crashes after too many failures, having committed what came before', async () => {
    const topic = await newTopic(1);
    await postlog.producer().send({ topic, messages: ['a', 'bad', 'b'].map((key) => ({ key, value: '' })) });
    const consumer = postlog.consumer({
      ...fastGroup('keyed-crash'),
      retry: { initialRetryTime: 1, retries: 2, restartOnFailure: () => Promise.resolve(false) },
    });
    const stopped = new Promise((resolve) => consumer.on(consumer.events.STOP, resolve));
    await collect(consumer, [topic], {
      run: { keyConcurrency: 4 },
      before: ({ message }) => {
        if (message.key?.toString() === 'bad') throw new Error('poison');
      },
    });
    await stopped;
    expect(await lagIn(topic, 'keyed-crash')).toBe('2');
    await consumer.disconnect();
  });

  it('goes with eachMessage only', async () => {
    const consumer = postlog.consumer(fastGroup('keyed-batch'));
    await consumer.subscribe({ topics: ['any'] });
    await expect(consumer.run({ keyConcurrency: 2, eachBatch: () => {} })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
    });
    await consumer.disconnect();
  });
});
