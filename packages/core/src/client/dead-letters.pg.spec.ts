import pg from 'pg';
import type { Consumer, EachMessagePayload } from '../index.js';
import { lagOf, until } from '../testing/collect.js';
import { untilWaitForLock } from '../testing/lock-waits.js';
import { deliveryWorld, QUICK, type DeliveryWorld } from '../testing/delivery-world.js';

let world: DeliveryWorld;
beforeAll(async () => {
  world = await deliveryWorld();
});
afterAll(() => world.drop());

class OrderGone extends Error {}
const text = (message: { readonly value: Buffer | null }) => String(message.value);
const of = (topic: string, groupId = 'billing') => world.postlog.deadLetters({ topic, groupId });

/** Runs a handler that refuses what `isRefused` says, until everything is handled; answers what it accepted. */
async function handleAll(
  topic: string,
  isRefused: (payload: EachMessagePayload) => boolean,
  groupId = 'billing',
): Promise<string[]> {
  const done: string[] = [];
  const open = await unhandled(topic, groupId);
  let dead = 0;
  const consumer = await world.consume(topic, groupId, {
    retry: { ...QUICK, attempts: 2 },
    handlerId: 'invoices',
    partitionsConsumedConcurrently: 4,
    eachMessage: (payload) => {
      if (isRefused(payload)) throw new OrderGone(`no order in ${text(payload.message)}`);
      done.push(text(payload.message));
    },
  });
  consumer.on(consumer.events.DEAD_LETTER, () => (dead += 1));
  await until(() => done.length + dead === open);
  await consumer.disconnect();
  return done;
}

/** How many records a group has yet to handle. */
async function unhandled(topic: string, groupId: string): Promise<number> {
  const ends = await world.postlog.admin().fetchTopicOffsets(topic);
  const [stored] = await world.postlog.admin().fetchOffsets({ groupId, topics: [topic] });
  const committed = (stored?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  return ends.reduce((sum, { high }) => sum + Number(high), 0) - committed;
}
const isIdle = (consumer: Consumer) => consumer.assignment().length > 0;

describe('a dead letter', () => {
  it('has the record as it was, and headers that say where it was and why it is here', async () => {
    const topic = await world.newTopic(2);
    const key = Buffer.from([1, 0, 255]);
    const value = Buffer.from([0, 254]);
    const headers = { 'x-trace': 'abc', many: ['a', 'b'] };
    await world.send(topic, { key, value, headers, partition: 1, timestamp: '1700000000000' });
    const before = Date.now();
    expect(await handleAll(topic, () => true)).toEqual([]);
    const [letter, ...others] = await of(topic).list();
    expect(others).toEqual([]);
    expect(letter).toEqual({
      id: '1:0',
      topic,
      partition: 1,
      offset: '0',
      timestamp: '1700000000000',
      key,
      value,
      headers: { 'x-trace': Buffer.from('abc'), many: [Buffer.from('a'), Buffer.from('b')] },
      failedAt: expect.stringMatching(/^\d+$/),
      attempts: 2,
      errorName: 'OrderGone',
      errorMessage: `no order in ${value.toString()}`,
      handlerId: 'invoices',
      idempotencyKey: `billing:${topic}:1:0`,
    });
    expect(Number(letter!.failedAt)).toBeGreaterThanOrEqual(before);
  });

  it('is in a topic like the one that it comes from, which keeps it for ever', async () => {
    const topic = 'strict';
    await world.postlog.admin().createTopics({
      topics: [{ topic, numPartitions: 3, configEntries: [{ name: 'max.message.bytes', value: '2000' }] }],
    });
    await world.send(topic, { value: 'x'.repeat(1_800), partition: 2 });
    await handleAll(topic, () => true, 'strict-group');
    const name = of(topic, 'strict-group').topic;
    const { topics } = await world.postlog.admin().fetchTopicMetadata({ topics: [name] });
    expect(topics[0]!.partitions).toHaveLength(3);
    expect(topics[0]!.configEntries).toEqual(
      expect.arrayContaining([
        { name: 'retention.ms', value: '-1' },
        { name: 'max.message.bytes', value: '26576' },
      ]),
    );
    expect(await of(topic, 'strict-group').list()).toHaveLength(1);
  });

  it('does not stop its partition: what comes after a poison record is handled, once, in order', async () => {
    const topic = await world.newTopic();
    await world.send(topic, 'a', 'poison', 'b', 'poison', 'c');
    expect(await handleAll(topic, ({ message }) => text(message) === 'poison')).toEqual(['a', 'b', 'c']);
    expect((await of(topic).list()).map(({ offset }) => offset)).toEqual(['1', '3']);
  });

  it('is listed once and requeued once when its consumer dies between writing it and committing', async () => {
    const topic = await world.newTopic();
    await world.send(topic, 'poison');
    await handleAll(topic, () => true, 'crashing');
    // As if the offset had been lost with the process.
    await world.postlog.admin().resetOffsets({ groupId: 'crashing', topic, earliest: true });
    await handleAll(topic, () => true, 'crashing');
    const letters = of(topic, 'crashing');
    expect((await world.postlog.admin().fetchTopicOffsets(letters.topic))[0]!.high).toBe('2');
    expect(await letters.list()).toHaveLength(1);
    expect(await letters.requeue({ all: true })).toEqual({ requeued: 1 });
    expect(await letters.list()).toEqual([]);
    expect((await world.postlog.admin().fetchTopicOffsets(topic))[0]!.high).toBe('2');
  });

  it('of a group is not read by its own patterns, nor does it get dead letters of its own', async () => {
    await world.postlog.admin().createTopics({ topics: [{ topic: 'pattern.orders' }] });
    await world.send('pattern.orders', 'poison');
    await handleAll('pattern.orders', () => true, 'patterns');
    const seen: string[] = [];
    const consumer = world.postlog.consumer({ groupId: 'patterns' });
    await consumer.subscribe({ topics: [/^pattern\./], fromBeginning: true });
    await consumer.run({ eachMessage: ({ topic }) => void seen.push(topic) });
    await until(() => isIdle(consumer));
    expect(consumer.assignment()).toEqual([{ topic: 'pattern.orders', partitions: [0] }]);
    await consumer.disconnect();
    const other = world.postlog.consumer({ groupId: 'others' });
    await other.subscribe({ topics: [/^pattern\./], fromBeginning: true });
    await other.run({ eachMessage: () => {} });
    await until(() => isIdle(other));
    expect(other.assignment().map(({ topic }) => topic)).toEqual(['pattern.orders', 'pattern.orders.dlq.patterns']);
    await other.disconnect();
  });

  it('that cannot be written keeps its record: the partition waits, and goes on when it can be', async () => {
    const topic = await world.newTopic();
    const name = of(topic, 'waiting').topic;
    await world.postlog.admin().createTopics({
      topics: [{ topic: name, configEntries: [{ name: 'max.message.bytes', value: '100' }] }],
    });
    await world.send(topic, 'poison', 'next');
    const done: string[] = [];
    const consumer = await world.consume(topic, 'waiting', {
      retry: { ...QUICK, attempts: 1 },
      eachMessage: ({ message }) => {
        if (text(message) === 'poison') throw new Error('never');
        done.push(text(message));
      },
    });
    await until(() => isIdle(consumer));
    await new Promise((wake) => setTimeout(wake, 300));
    expect([done, await lagOf(world.postlog, 'waiting')]).toEqual([[], 2]);
    await world.postlog.admin().deleteTopics({ topics: [name] });
    await until(() => done.length === 1);
    expect(await of(topic, 'waiting').list()).toHaveLength(1);
    await consumer.disconnect();
  });
});

describe('dead letters', () => {
  it('are handled once after a correction: requeued with key and headers, to their partition, in order', async () => {
    const topic = await world.newTopic(4);
    const records = Array.from({ length: 40 }, (_, n) => ({
      key: `k${n % 5}`,
      value: `${n}`,
      headers: { n: `${n}` },
    }));
    await world.send(topic, ...records);
    expect(await handleAll(topic, () => true)).toEqual([]);
    const letters = of(topic);
    expect(await letters.list()).toHaveLength(40);
    expect(await letters.requeue({ all: true })).toEqual({ requeued: 40 });
    expect(await letters.list()).toEqual([]);
    const seen: { key: string; value: string; headers: object }[] = [];
    await handleAll(topic, ({ message }) => {
      seen.push({ key: String(message.key), value: text(message), headers: message.headers });
      return false;
    });
    expect(seen).toHaveLength(40);
    for (const key of ['k0', 'k1', 'k2', 'k3', 'k4'])
      expect(seen.filter((each) => each.key === key).map(({ value }) => Number(value) % 5)).toEqual(
        Array(8).fill(Number(key.slice(1))),
      );
    const values = seen.filter(({ key }) => key === 'k1').map(({ value }) => Number(value));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(Object.keys(seen[0]!.headers).sort()).toEqual(['n', 'postlog-requeued-from']);
  });

  it('are requeued and purged by what a filter says, and by id', async () => {
    const topic = await world.newTopic(2);
    await world.send(topic, { key: 'a', value: '1', partition: 0 }, { key: 'b', value: '2', partition: 1 });
    await world.send(topic, { key: 'a', value: '3', partition: 0 }, { key: null, value: '4', partition: 1 });
    await handleAll(topic, () => true);
    const letters = of(topic);
    expect((await letters.list({ key: 'a' })).map(text)).toEqual(['1', '3']);
    expect((await letters.list({ partition: 1, errorName: 'OrderGone', handlerId: 'invoices' })).map(text)).toEqual([
      '2',
      '4',
    ]);
    const [first] = await letters.list({ limit: 1 });
    expect((await letters.list({ after: first!.id })).map(text)).toEqual(['3', '2', '4']);
    expect(await letters.requeue({ ids: [first!.id] })).toEqual({ requeued: 1 });
    expect(await letters.purge({ key: 'b' })).toEqual({ purged: 1 });
    expect((await letters.list()).map(text)).toEqual(['3', '4']);
    expect(await letters.purge({ all: true })).toEqual({ purged: 2 });
    expect(await letters.list()).toEqual([]);
    expect(await letters.requeue({ all: true })).toEqual({ requeued: 0 });
  });

  it('are requeued once when several do it at the same time', async () => {
    const topic = await world.newTopic();
    await world.send(topic, ...Array.from({ length: 30 }, (_, n) => `${n}`));
    await handleAll(topic, () => true, 'crowd');
    const others = await Promise.all([1, 2, 3].map(() => world.connect()));
    const answers = await Promise.all(
      others.map((postlog) => postlog.deadLetters({ topic, groupId: 'crowd' }).requeue({ all: true })),
    );
    expect(answers.reduce((sum, { requeued }) => sum + requeued, 0)).toBe(30);
    expect((await world.postlog.admin().fetchTopicOffsets(topic))[0]!.high).toBe('60');
  });

  it('are not requeued again by who listed them before another took them out and moved the log start', async () => {
    const topic = await world.newTopic();
    await world.send(topic, '1', '2');
    await handleAll(topic, () => true, 'late');
    const other = new pg.Client({ connectionString: world.url });
    await other.connect();
    const isLetters = `topic_id = (select topic_id from postlog.topic where topic = '${topic}.dlq.late')`;
    const letters = `select partition_id from postlog.replica where ${isLetters}`;
    await other.query('begin');
    await other.query(
      `insert into postlog.handled_dead_letter select p.partition_id, n from (${letters}) p, generate_series(0, 1) n`,
    );
    const late = of(topic, 'late').requeue({ all: true });
    await untilWaitForLock(world.url);
    await other.query(`update postlog.replica set log_start_offset = 2 where ${isLetters}`);
    await other.query(`delete from postlog.handled_dead_letter where partition_id in (${letters})`);
    await other.query('commit');
    await other.end();
    expect(await late).toEqual({ requeued: 0 });
    expect((await world.postlog.admin().fetchTopicOffsets(topic))[0]!.high).toBe('2');
  });

  it('stay where they are when their topic is gone', async () => {
    const topic = await world.newTopic();
    await world.send(topic, 'poison');
    await handleAll(topic, () => true, 'gone');
    const letters = of(topic, 'gone');
    await world.postlog.admin().deleteTopics({ topics: [topic] });
    await expect(letters.requeue({ all: true })).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' });
    expect(await letters.list()).toHaveLength(1);
  });

  it('are none before the first', async () => {
    const letters = of('never-failed');
    expect(letters.topic).toBe('never-failed.dlq.billing');
    expect([await letters.list(), await letters.requeue({ all: true })]).toEqual([[], { requeued: 0 }]);
  });

  it.each([
    [() => of('a b'), 'INVALID_TOPIC_EXCEPTION'],
    [() => of('t', 'a b'), 'INVALID_TOPIC_EXCEPTION'],
    [() => of('t').list({ limit: 0 }), 'INVALID_CONFIG'],
    [() => of('t').list({ ids: ['17'] }), 'INVALID_CONFIG'],
    [() => of('t').list({ after: 'x' }), 'INVALID_CONFIG'],
    [() => of('t').list({ from: -1 }), 'INVALID_CONFIG'],
    [() => of('t').list({ name: 'x' } as never), 'INVALID_CONFIG'],
    [() => of('t').requeue({}), 'INVALID_CONFIG'],
    [() => of('t').purge({ all: true, key: 'a' } as never), 'INVALID_CONFIG'],
  ])('refuse what makes no sense (%#)', async (call, code) => {
    await expect((async () => call())()).rejects.toMatchObject({ code });
  });
});
