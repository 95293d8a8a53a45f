import type { EachMessagePayload } from '../client/run-types.js';
import type { Postlog } from '../client/postlog.js';

/** A log to try, and how its time passes. */
interface EngineWorld {
  readonly log: Postlog;
  /** Resolves when it holds. */
  readonly until: (condition: () => boolean | Promise<boolean>) => Promise<void>;
}

type Case = readonly [promise: string, show: (world: EngineWorld) => Promise<void>];

const TOPIC = 'orders';
const text = ({ message }: Pick<EachMessagePayload, 'message'>) => String(message.value);
const textsOf = (messages: readonly { readonly value: Buffer | null }[]) => messages.map(({ value }) => String(value));

async function send(log: Postlog, values: readonly string[], key: string | null = 'k', topic = TOPIC) {
  return log.producer().send({ topic, messages: values.map((value) => ({ key, value })) });
}

/** A consumer that hands texts to `see`. */
async function consume(
  log: Postlog,
  groupId: string,
  see: (value: string) => void | Promise<void>,
  {
    topics = [TOPIC],
    fromBeginning = true,
    ...run
  }: { topics?: readonly (string | RegExp)[]; fromBeginning?: boolean; keyConcurrency?: number } = {},
) {
  const consumer = log.consumer({ groupId, retry: { initialRetryTime: 5, maxRetryTime: 10 } });
  await consumer.subscribe({ topics, fromBeginning });
  await consumer.run({ autoCommitInterval: 20, ...run, eachMessage: (payload) => see(text(payload)) });
  return consumer;
}

async function lagOf(log: Postlog, groupId: string): Promise<number> {
  const topics = await log.admin().fetchOffsets({ groupId, topics: [TOPIC] });
  return topics.flatMap(({ partitions }) => partitions).reduce((sum, { lag }) => sum + Number(lag), 0);
}

/** What every engine must do: each has one topic `orders` of two partitions, and nothing else. */
export const ENGINE_CASES: readonly Case[] = [
  [
    'gives records back as they were sent, in order, with their places',
    async ({ log, until }) => {
      const messages = [
        { key: 'a', value: 'first', headers: { tenant: 'x' }, timestamp: '1700000000000' },
        { key: 'a', value: null },
      ];
      const [place] = await log.producer().send({ topic: TOPIC, messages });
      expect(place).toMatchObject({ topicName: TOPIC, baseOffset: '0', errorCode: 0 });
      const seen: EachMessagePayload[] = [];
      const consumer = log.consumer({ groupId: 'g' });
      await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
      await consumer.run({ eachMessage: (payload) => void seen.push(payload) });
      await until(() => seen.length === 2);
      expect(seen.map(({ partition }) => partition)).toEqual([place!.partition, place!.partition]);
      expect(seen[0]!.message).toMatchObject({ offset: '0', timestamp: '1700000000000', key: Buffer.from('a') });
      expect(String(seen[0]!.message.headers['tenant'])).toBe('x');
      expect(seen[1]!.message).toMatchObject({ offset: '1', value: null });
    },
  ],
  [
    'refuses a topic that is not there, by Kafka’s code',
    async ({ log }) => {
      await expect(send(log, ['x'], 'k', 'ordres')).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' });
    },
  ],
  [
    'keeps the records of a key in one partition',
    async ({ log }) => {
      const places = [];
      for (const value of ['1', '2', '3']) places.push(...(await send(log, [value], 'customer-1')));
      expect(new Set(places.map(({ partition }) => partition)).size).toBe(1);
      expect(places.map(({ baseOffset }) => baseOffset)).toEqual(['0', '1', '2']);
    },
  ],
  [
    'gives every group everything, and a group goes on where it was',
    async ({ log, until }) => {
      const seen: string[] = [];
      await send(log, ['1', '2']);
      const first = await consume(log, 'a', (value) => void seen.push(`a${value}`));
      await consume(log, 'b', (value) => void seen.push(`b${value}`));
      await until(async () => seen.length === 4 && (await lagOf(log, 'a')) === 0);
      await first.disconnect();
      await send(log, ['3']);
      await consume(log, 'a', (value) => void seen.push(`A${value}`));
      await until(() => seen.length === 6);
      expect(seen.sort((a, b) => (a < b ? -1 : 1))).toEqual(['A3', 'a1', 'a2', 'b1', 'b2', 'b3']);
    },
  ],
  [
    'calls a handler that failed again with the same record, in order',
    async ({ log, until }) => {
      const seen: string[] = [];
      let failures = 2;
      await send(log, ['1', '2', '3']);
      await consume(log, 'g', (value) => {
        if (value === '2' && failures-- > 0) throw new Error('not yet');
        seen.push(value);
      });
      await until(() => seen.length === 3);
      expect([seen, failures]).toEqual([['1', '2', '3'], -1]);
    },
  ],
  [
    'crashes a consumer whose handler fails too often',
    async ({ log, until }) => {
      const crashes: unknown[] = [];
      const consumer = log.consumer({
        groupId: 'g',
        retry: { retries: 1, initialRetryTime: 5, restartOnFailure: () => Promise.resolve(false) },
      });
      consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload['error']));
      await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
      await consumer.run({ eachMessage: () => Promise.reject(new RangeError('never')) });
      await send(log, ['1']);
      await until(() => crashes.length === 1);
      expect(crashes).toEqual([new RangeError('never')]);
    },
  ],
  [
    'shares the partitions of a group, and loses nothing when a member leaves',
    async ({ log, until }) => {
      const seen: string[] = [];
      const members = [
        await consume(log, 'g', (value) => void seen.push(value)),
        await consume(log, 'g', (value) => void seen.push(value)),
      ];
      await until(() => members.every((member) => member.assignment()[0]?.partitions.length === 1));
      await log
        .producer()
        .send({ topic: TOPIC, messages: ['1', '2'].map((value, partition) => ({ value, partition })) });
      await until(() => seen.length === 2);
      await members[0]!.disconnect();
      await until(() => members[1]!.assignment()[0]?.partitions.length === 2);
      await log
        .producer()
        .send({ topic: TOPIC, messages: ['3', '4'].map((value, partition) => ({ value, partition })) });
      await until(async () => (await lagOf(log, 'g')) === 0);
      expect([...seen].sort((a, b) => (a < b ? -1 : 1))).toEqual(['1', '2', '3', '4']);
    },
  ],
  [
    'gives topics that come later to who subscribed to their pattern',
    async ({ log, until }) => {
      const seen: string[] = [];
      await consume(log, 'g', (value) => void seen.push(value), { topics: [/^audit\./] });
      await log.admin().createTopics({ topics: [{ topic: 'audit.late' }] });
      await send(log, ['1'], 'k', 'audit.late');
      await until(() => seen.length === 1);
    },
  ],
  [
    'begins a batch again after what was resolved of it',
    async ({ log, until }) => {
      const seen: string[][] = [];
      await send(log, ['0', '1', '2']);
      const consumer = log.consumer({ groupId: 'g', retry: { initialRetryTime: 5 } });
      await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
      await consumer.run({
        eachBatchAutoResolve: false,
        eachBatch: ({ batch, resolveOffset }) => {
          seen.push(textsOf(batch.messages));
          resolveOffset(seen.length === 1 ? '0' : batch.lastOffset());
          if (seen.length === 1) throw new Error('in the middle');
        },
      });
      await until(() => seen.length === 2);
      expect(seen).toEqual([
        ['0', '1', '2'],
        ['1', '2'],
      ]);
    },
  ],
  [
    'waits until a batch has enough records, and no longer than it may',
    async ({ log, until }) => {
      const seen: string[][] = [];
      const consumer = log.consumer({ groupId: 'g' });
      await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
      await consumer.run({
        eachBatchMinRecords: 3,
        eachBatchWaitMs: 600,
        eachBatch: ({ batch }) => void seen.push(textsOf(batch.messages)),
      });
      for (const value of ['0', '1', '2']) await send(log, [value]);
      await until(() => seen.length === 1);
      await send(log, ['3']);
      await until(() => seen.length === 2);
      expect(seen).toEqual([['0', '1', '2'], ['3']]);
    },
  ],
  [
    'pauses, resumes and seeks',
    async ({ log, until }) => {
      const seen: string[] = [];
      const consumer = await consume(log, 'g', (value) => void seen.push(value));
      await send(log, ['0']);
      await until(async () => (await lagOf(log, 'g')) === 0 && seen.length === 1);
      consumer.pause([{ topic: TOPIC }]);
      const [place] = await send(log, ['1']);
      expect(await lagOf(log, 'g')).toBe(1);
      consumer.seek({ topic: TOPIC, partition: place!.partition, offset: '0' });
      consumer.resume([{ topic: TOPIC }]);
      await until(() => seen.length === 3);
      expect(seen).toEqual(['0', '0', '1']);
    },
  ],
  [
    'begins at what comes next where that is asked for',
    async ({ log, until }) => {
      const seen: string[] = [];
      await send(log, ['before']);
      const consumer = await consume(log, 'g', (value) => void seen.push(value), { fromBeginning: false });
      await until(() => consumer.assignment()[0]?.partitions.length === 2);
      await until(async () => {
        await send(log, ['after']);
        return seen.length > 0;
      });
      expect(new Set(seen)).toEqual(new Set(['after']));
    },
  ],
  [
    'reads a partition that was chosen, without a group',
    async ({ log, until }) => {
      const seen: string[] = [];
      const [place] = await send(log, ['0', '1']);
      const consumer = log.consumer({});
      await consumer.assign([{ topic: TOPIC, partition: place!.partition, offset: '1' }]);
      await consumer.run({ eachMessage: (payload) => void seen.push(text(payload)) });
      await until(() => seen.length === 1);
      expect(seen).toEqual(['1']);
    },
  ],
  [
    'handles keys of one partition beside each other, with keyConcurrency',
    async ({ log, until }) => {
      const seen: string[] = [];
      const messages = ['a', 'b'].map((key) => ({ key, value: key, partition: 0 }));
      await log.producer().send({ topic: TOPIC, messages });
      let release = () => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      const handle = async (value: string) => {
        if (value === 'a') await held;
        seen.push(value);
      };
      await consume(log, 'g', handle, { keyConcurrency: 2 });
      await until(() => seen.length === 1);
      release();
      await until(async () => (await lagOf(log, 'g')) === 0);
      expect(seen).toEqual(['b', 'a']);
    },
  ],
  [
    'administers topics',
    async ({ log }) => {
      const admin = log.admin();
      expect(await admin.createTopics({ topics: [{ topic: TOPIC }] })).toBe(false);
      expect(await admin.createTopics({ topics: [{ topic: 'mails', numPartitions: 1 }] })).toBe(true);
      await admin.createPartitions({ topicPartitions: [{ topic: 'mails', count: 3 }] });
      const { topics } = await admin.fetchTopicMetadata({ topics: ['mails'] });
      expect(topics[0]!.partitions).toHaveLength(3);
      const [place] = await send(log, ['0', '1', '2']);
      const { partition } = place!;
      await admin.deleteTopicRecords({ topic: TOPIC, partitions: [{ partition, offset: '1' }] });
      const offsets = await admin.fetchTopicOffsets(TOPIC);
      expect(offsets[partition]).toMatchObject({ low: '1', high: '3' });
      expect(await admin.fetchTopicOffsetsByTimestamp(TOPIC, 5)).toContainEqual({ partition, offset: '1' });
      await admin.deleteTopics({ topics: ['mails'] });
      expect(await admin.listTopics()).not.toContain('mails');
    },
  ],
  [
    'administers groups',
    async ({ log, until }) => {
      const admin = log.admin();
      await send(log, ['0', '1']);
      const consumer = await consume(log, 'g', () => {});
      await until(async () => (await admin.fetchOffsets({ groupId: 'g' })).length === 1);
      await until(async () => (await lagOf(log, 'g')) === 0);
      await expect(admin.deleteGroups(['g'])).rejects.toMatchObject({ code: 'NON_EMPTY_GROUP' });
      await consumer.disconnect();
      await admin.resetOffsets({ groupId: 'g', topic: TOPIC, earliest: true });
      expect(await lagOf(log, 'g')).toBe(2);
      const { groups } = await admin.describeGroups(['g']);
      expect(groups[0]).toMatchObject({ state: 'Empty', members: [] });
      await admin.deleteGroups(['g']);
      expect((await admin.listGroups()).groups).toEqual([]);
    },
  ],
];
