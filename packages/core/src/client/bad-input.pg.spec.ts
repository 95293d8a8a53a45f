import { connect, type Postlog, type ProducerSend } from '../index.js';
import { databaseWithSchema } from '../testing/schema-template.js';
import type { TestDatabase } from '../testing/test-database.js';

/**
 * What users get wrong, by the rows of the catalogue: a typed error before any effect, with the cure and without a secret in its
 * message; and beside it what must be accepted exactly.
 */
let test: TestDatabase;
let postlog: Postlog;

beforeAll(async () => {
  test = await databaseWithSchema();
  postlog = await connect({ url: test.url, logger: null });
  await postlog.admin().createTopics({
    topics: [{ topic: 'good', numPartitions: 2, configEntries: [{ name: 'max.message.bytes', value: '2000' }] }],
  });
});
afterAll(async () => {
  await postlog.close();
  await test.drop();
});

/** Hands over what the types forbid. */
const wrong = <T>(value: unknown): T => value as T;
const create = (spec: unknown) => postlog.admin().createTopics({ topics: [wrong(spec)] });
const send = (message: unknown) => postlog.producer().send({ topic: 'good', messages: [wrong(message)] });
const sendTo = (topic: unknown) => postlog.producer().send(wrong<ProducerSend>({ topic, messages: [{ value: 'x' }] }));
const consumer = async (options: unknown) => postlog.consumer(wrong(options));
const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

const NAMES: [string, unknown][] = [
  ['1 empty', ''],
  ['2 a dot', '.'],
  ['3 two dots', '..'],
  ['4 of 250 characters', 'x'.repeat(250)],
  ['8 with a space', ' orders'],
  ['8 with a newline', 'orders\n'],
  ['9 with NUL', 'a\0b'],
  ['10 an emoji', '📦'],
  ['10 with a direction override', 'a\u202eb'],
  ['11 with a homoglyph', 'оrders'],
  ['12 with SQL', '"; DROP TABLE x; --'],
  ['13 with placeholders', '$1%I'],
  ['16 a path', '../../x'],
  ['18 a number', 7],
  ['18 an object with toString', { toString: () => 'orders' }],
  ['18 an array', ['orders']],
  ['18 a symbol', Symbol('orders')],
  ['18 a String object', new String('orders')],
  ['18 undefined', undefined],
  ['19 of 10 MB', 'x'.repeat(10_000_000)],
];

describe('names', () => {
  it.each(NAMES)('of topics: %s is refused wherever a topic is named', async (_row, name) => {
    const refusal = expect.objectContaining({ code: 'INVALID_TOPIC_EXCEPTION' }) as unknown;
    await expect(create({ topic: name })).rejects.toEqual(refusal);
    await expect(sendTo(name)).rejects.toEqual(refusal);
    await expect(postlog.consumer({ groupId: 'g' }).subscribe({ topics: [wrong(name)] })).rejects.toEqual(refusal);
    const error = (await create({ topic: name }).catch((reason: unknown) => reason)) as Error;
    expect(error.message.length).toBeLessThan(400);
  });

  it.each([
    'x'.repeat(249),
    'a.b',
    'a_b',
    'Orders',
    'orders',
    '__internal',
    'pg_catalog',
    'select',
    '__proto__',
    'constructor',
    'toString',
  ])('of topics: %s is accepted exactly, and keeps its records to itself', async (topic) => {
    expect(await create({ topic })).toBe(true);
    const [place] = await sendTo(topic);
    expect(place).toMatchObject({ topicName: topic, partition: 0, baseOffset: '0' });
    expect(await postlog.admin().listTopics()).toContain(topic);
    expect(await create({ topic })).toBe(false);
  });

  it.each([
    ['empty', ''],
    ['white space', '  '],
    ['padded', ' g'],
    ['with NUL', 'a\0'],
    ['long', 'x'.repeat(250)],
    ['a number', 5],
  ])('of groups: %s is refused', async (_row, groupId) => {
    await expect(consumer({ groupId })).rejects.toMatchObject({ code: 'INVALID_GROUP_ID' });
  });

  it.each(['g', 'group with spaces', 'Группа', '📦', '"; drop table x', '__proto__'])(
    'of groups: %s is accepted',
    async (groupId) => {
      expect(await postlog.admin().fetchOffsets({ groupId, topics: ['good'] })).toMatchObject([{ topic: 'good' }]);
    },
  );
});

describe('numbers and offsets', () => {
  it.each([-1, 1.5, Number.NaN, Infinity, '0', 2 ** 31, 2])(
    'partition %p of a message is refused',
    async (partition) => {
      await expect(send({ value: 'x', partition })).rejects.toMatchObject({
        code: expect.stringMatching(/INVALID_PARTITIONS|UNKNOWN_TOPIC_OR_PARTITION/) as string,
      });
    },
  );

  it.each([0, -1, 1.5, '3', Number.NaN, 1_000_001, null])('%p partitions are refused', async (numPartitions) => {
    await expect(create({ topic: 'never', numPartitions })).rejects.toMatchObject({ code: 'INVALID_PARTITIONS' });
  });

  it.each([0, 2, '1', -3])('replication factor %p is refused with one broker', async (replicationFactor) => {
    await expect(create({ topic: 'never', replicationFactor })).rejects.toMatchObject({
      code: 'INVALID_REPLICATION_FACTOR',
    });
  });

  it.each([
    ['min.insync.replicas', '2'],
    ['retention.ms', '5 mins'],
    ['retention.ms', '-2'],
    ['cleanup.policy', 'shred'],
    ['segment.bytes', '1e9'],
    ['retension.ms', '1'],
    ['max.message.bytes', 5],
  ])('topic setting %s=%s is refused', async (name, value) => {
    await expect(create({ topic: 'never', configEntries: [{ name, value }] })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
    });
    expect(await postlog.admin().listTopics()).not.toContain('never');
  });

  it.each([-1n, -2, 1.5, '1e3', '', ' 1', 2n ** 63n, '9223372036854775808', 2 ** 53, null, undefined, {}])(
    'offset %p is refused',
    async (offset) => {
      const { admin } = postlog;
      const remove = admin
        .call(postlog)
        .deleteTopicRecords({ topic: 'good', partitions: [{ partition: 0, offset: wrong(offset) }] });
      await expect(remove).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    },
  );

  it('a log start beyond the end is refused, the largest offset too, and not with another error', async () => {
    const remove = (offset: string) =>
      postlog.admin().deleteTopicRecords({ topic: 'good', partitions: [{ partition: 0, offset }] });
    await expect(remove('9223372036854775807')).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
  });

  it.each(['not a time', '-1', '1.5', '8640000000000001', 1234, new Date(), Infinity])(
    'timestamp %p is refused',
    async (timestamp) => {
      await expect(send({ value: 'x', timestamp })).rejects.toMatchObject({ code: 'INVALID_TIMESTAMP' });
    },
  );
});

describe('record content', () => {
  it.each([
    ['32 undefined', undefined],
    ['32 a function', () => 1],
    ['32 a bigint', 1n],
    ['32 a number', 1],
    ['32 an object', { a: 1 }],
    ['32 a cyclic object', cyclic],
    ['33 half a surrogate pair', 'a\ud800'],
    ['33 an array buffer', new ArrayBuffer(2)],
  ])('value: %s is refused', async (_row, value) => {
    await expect(send({ value })).rejects.toMatchObject({ code: 'INVALID_RECORD' });
  });

  it.each([
    ['36 a value over the limit', { value: 'x'.repeat(2_000) }, 'MESSAGE_TOO_LARGE'],
    ['38 an empty header name', { value: 'x', headers: { '': 'y' } }, 'INVALID_RECORD'],
    ['38 a header that is a number', { value: 'x', headers: { a: 1 } }, 'INVALID_RECORD'],
    ['38 headers in an array', { value: 'x', headers: ['a'] }, 'INVALID_RECORD'],
    ['no message at all', null, 'INVALID_RECORD'],
    ['a key that is a number', { key: 1, value: 'x' }, 'INVALID_RECORD'],
  ])('%s is refused', async (_row, message, code) => {
    await expect(send(message)).rejects.toMatchObject({ code });
  });

  it('one bad message of many has no effect, and what is accepted comes back exactly', async () => {
    await create({ topic: 'exact' });
    const topic = 'exact';
    const view = new Uint8Array(new Uint8Array([9, 1, 2, 9]).buffer, 1, 2);
    const bad = postlog.producer().send({ topic, messages: [{ value: 'a' }, wrong({ value: 5 })] });
    await expect(bad).rejects.toMatchObject({ code: 'INVALID_RECORD' });
    const values = ['', 'a\0b', '{"a":1.0,"a":2}', '12345678901234567890', '\u0000', '📦'];
    const messages = [
      ...values.map((value) => ({ value })),
      { value: null },
      { value: view },
      { value: 'x', headers: { a: ['1', '2'] } },
    ];
    await postlog.producer().send({ topic, messages });
    const reader = postlog.consumer({ groupId: 'exact' });
    await reader.subscribe({ topics: [topic], fromBeginning: true });
    const got = await new Promise<{ value: Buffer | null }[]>((resolve, reject) => {
      reader.run({ eachBatch: ({ batch }) => resolve(batch.messages) }).catch(reject);
    });
    expect(got.map(({ value }) => value)).toEqual([
      ...values.map((value) => Buffer.from(value)),
      null,
      Buffer.from([1, 2]),
      Buffer.from('x'),
    ]);
    await reader.disconnect();
  });
});
