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
describe('a running consumer', () => {
  it('calls a failing handler again with the same record, and goes on with other partitions', async () => {
    const topic = await newTopic(2);
    await postlog.producer().sendBatch({
      topicMessages: [
        { topic, messages: [0, 1].flatMap((partition) => ['a', 'b', 'c'].map((value) => ({ partition, value }))) },
      ],
    });
    let failures = 0;
    const consumer = postlog.consumer({ ...fastGroup('retry'), retry: { initialRetryTime: 20, retries: 10 } });
    const { seen, until: wait } = await collect(consumer, [topic], {
      before: ({ partition, message }) => {
        if (partition === 0 && message.offset === '1' && failures++ < 3) throw new Error('not yet');
      },
    });
    await wait(() => seen.length === 6);
    expect(failures).toBe(4);
    for (const partition of [0, 1])
      expect(seen.filter((each) => each.partition === partition).map(({ value }) => value)).toEqual(['a', 'b', 'c']);
    expect(seen.findIndex(({ partition, value }) => partition === 1 && value === 'c')).toBeLessThan(
      seen.findIndex(({ partition, value }) => partition === 0 && value === 'b'),
    );
    await consumer.disconnect();
  });

  it('crashes after too many failures, says so, and starts again from what was committed', async () => {
    const topic = await newTopic(1);
    await postlog.producer().send({ topic, messages: [{ value: 'poison' }] });
    const crashes: unknown[] = [];
    let calls = 0;
    const consumer = postlog.consumer({
      ...fastGroup('crash'),
      retry: {
        initialRetryTime: 1,
        retries: 1,
        restartOnFailure: (error) => Promise.resolve(error.message !== 'stop here'),
      },
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload['restart']));
    const stopped = new Promise((resolve) => consumer.on(consumer.events.STOP, resolve));
    await collect(consumer, [topic], {
      before: () => {
        calls += 1;
        // eslint-disable-next-line no-throw-literal
        if (calls < 4) throw 'something that is no error';
        throw new Error('stop here');
      },
    });
    await stopped;
    expect(crashes).toEqual([true, false]);
    expect(await lagOf(postlog, 'crash')).toBe(1);
    await consumer.disconnect();
  });

  it('pauses, resumes and seeks', async () => {
    const topic = await newTopic(1);
    const producer = postlog.producer();
    const consumer = postlog.consumer(fastGroup('steer'));
    const { seen, until: wait } = await collect(consumer, [topic]);
    await producer.send({ topic, messages: ['a', 'b', 'c'].map((value) => ({ value })) });
    await wait(() => seen.length === 3);
    consumer.pause([{ topic }]);
    expect(consumer.paused()).toEqual([{ topic, partitions: [0] }]);
    await producer.send({ topic, messages: [{ value: 'd' }] });
    await new Promise((wake) => setTimeout(wake, 100));
    expect(seen).toHaveLength(3);
    consumer.resume([{ topic, partitions: [0] }]);
    consumer.resume([{ topic }]);
    await wait(() => seen.length === 4);
    consumer.seek({ topic, partition: 0, offset: '1' });
    await wait(() => seen.length === 7);
    expect(seen.map(({ value }) => value).join('')).toBe('abcdbcd');
    await consumer.disconnect();
    expect(await lagOf(postlog, 'steer')).toBe(0);
  });

  it('commits only what a batch handler resolved', async () => {
    const topic = await newTopic(1);
    await postlog.producer().send({ topic, messages: ['a', 'b', 'c', 'd'].map((value) => ({ value })) });
    const consumer = postlog.consumer({ ...fastGroup('partial'), retry: { initialRetryTime: 30_000 } });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const lag = new Promise<string>((resolve, reject) => {
      consumer
        .run({
          eachBatchAutoResolve: false,
          eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary, uncommittedOffsets }) => {
            resolveOffset(batch.messages[1]!.offset);
            expect(uncommittedOffsets()).toEqual([{ topic, partition: 0, offset: '2' }]);
            await commitOffsetsIfNecessary();
            resolve(batch.offsetLagLow());
            throw new Error('the rest fails');
          },
        })
        .catch(reject);
    });
    expect(await lag).toBe('3');
    expect(await lagOf(postlog, 'partial')).toBe(2);
    await consumer.disconnect();
    expect(await lagOf(postlog, 'partial')).toBe(2);
  });

  it('refuses to commit what it does not own', async () => {
    const topic = await newTopic(1);
    const consumer = postlog.consumer(fastGroup('strict'));
    await collect(consumer, [topic]);
    await until(() => owns(consumer).length === 1);
    await expect(consumer.commitOffsets([{ topic, partition: 7, offset: '1' }])).rejects.toMatchObject({
      code: 'UNKNOWN_MEMBER_ID',
    });
    await expect(
      consumer.commitOffsets([{ topic, partition: 0, offset: '1', metadata: 'x'.repeat(5_000) }]),
    ).rejects.toMatchObject({
      code: 'OFFSET_METADATA_TOO_LARGE',
    });
    await consumer.disconnect();
  });

  it('begins again at the log start when its offset is gone', async () => {
    const topic = await newTopic(1);
    await postlog.producer().send({ topic, messages: ['a', 'b', 'c'].map((value) => ({ value })) });
    await postlog.admin().deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
    const consumer = postlog.consumer(fastGroup('truncated'));
    const { seen, until: wait } = await collect(consumer, [topic]);
    await until(() => owns(consumer).length === 1);
    await wait(() => seen.length === 1);
    consumer.seek({ topic, partition: 0, offset: '0' });
    await wait(() => seen.length === 2);
    expect(seen.map(({ offset }) => offset)).toEqual(['2', '2']);
    await consumer.disconnect();
  });
});
