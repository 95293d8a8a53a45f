import { connect, type PostlogError, type ConnectOptions, type Postlog, type ProducerSend } from '../index.js';
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
const sendTo = (topic: unknown) => postlog.producer().send(wrong<ProducerSend>({ topic, messages: [{ value: 'x' }] }));
const producer = async (options: unknown) => postlog.producer(wrong(options));
const consumer = async (options: unknown) => postlog.consumer(wrong(options));

describe('misuse', () => {
  it('44: sending after disconnect, disconnecting twice, using a closed connection', async () => {
    const own = await connect({ url: test.url, logger: null });
    const closed = own.producer();
    await closed.disconnect();
    await closed.disconnect();
    await expect(closed.send({ topic: 'good', messages: [{ value: 'x' }] })).rejects.toMatchObject({
      code: 'CLIENT_CLOSED',
    });
    await own.close();
    await own.close();
    expect(() => own.producer()).toThrow(expect.objectContaining({ code: 'CLIENT_CLOSED' }));
  });

  it('50: running twice, running without topics, seeking before run', async () => {
    const idle = postlog.consumer({ groupId: 'misuse' });
    await expect(idle.run({ eachMessage: () => {} })).rejects.toThrow('subscribe()');
    expect(() => idle.seek({ topic: 'good', partition: 0, offset: '0' })).toThrow('run()');
    await idle.subscribe({ topics: ['good'] });
    await expect(idle.run({})).rejects.toThrow('eachMessage or eachBatch');
    await expect(idle.run(wrong({ eachMessage: 'x' }))).rejects.toThrow('eachMessage or eachBatch');
    await idle.run({ eachMessage: () => {} });
    await expect(idle.run({ eachMessage: () => {} })).rejects.toThrow('runs already');
    await idle.disconnect();
  });

  it('53: a partitioner that answers nonsense or throws', async () => {
    const with_ = (answer: unknown) =>
      postlog
        .producer({ createPartitioner: () => () => wrong<number>(answer) })
        .send({ topic: 'good', messages: [{ value: 'x' }] });
    for (const answer of [undefined, Number.NaN, 2, -1, '0', Promise.resolve(0)]) {
      await expect(with_(answer)).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' });
    }
    const throwing = postlog.producer({
      createPartitioner: () => () => {
        throw new RangeError('mine');
      },
    });
    await expect(throwing.send({ topic: 'good', messages: [{ value: 'x' }] })).rejects.toThrow('mine');
  });

  it('54: changing a message after send has begun changes nothing', async () => {
    await create({ topic: 'frozen' });
    const value = Buffer.from('before');
    const sending = postlog.producer().send({ topic: 'frozen', messages: [{ value }] });
    value.write('after!');
    await sending;
    const reader = postlog.consumer({ groupId: 'frozen' });
    await reader.subscribe({ topics: ['frozen'], fromBeginning: true });
    const got = await new Promise<string>((resolve, reject) => {
      reader.run({ eachMessage: ({ message }) => resolve(String(message.value)) }).catch(reject);
    });
    expect(got).toBe('before');
    await reader.disconnect();
  });

  it('55: a million unawaited sends wait for room or fail; memory is bounded', async () => {
    const small = postlog.producer({ bufferMemoryBytes: 20_000, deliveryTimeoutMs: 50 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5_000 }, () => small.send({ topic: 'good', messages: [{ value: 'x'.repeat(500) }] })),
    );
    const failures = outcomes
      .filter((outcome): outcome is PromiseRejectedResult => outcome.status === 'rejected')
      .map(({ reason }) => reason as PostlogError);
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length).toBeLessThan(5_000);
    for (const { code } of failures) expect(['BUFFER_EXHAUSTED', 'REQUEST_TIMED_OUT']).toContain(code);
    await expect(small.send({ topic: 'good', messages: [{ value: 'x'.repeat(1_500) }] })).resolves.toHaveLength(1);
    const whole = Array.from({ length: 100 }, () => ({ value: 'x'.repeat(500) }));
    await expect(small.send({ topic: 'good', messages: whole })).rejects.toMatchObject({
      code: 'RECORD_LIST_TOO_LARGE',
    });
  });

  it('a topic that does not exist is not created by a typo, unless that is wanted', async () => {
    await expect(sendTo('typo')).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
      message: expect.stringContaining('postlog topics create') as string,
    });
    const generous = await connect({ url: test.url, logger: null, allowAutoTopicCreation: true });
    await expect(generous.producer().send({ topic: 'wanted', messages: [{ value: 'x' }] })).resolves.toHaveLength(1);
    await generous.close();
  });
});

describe('configuration', () => {
  it.each([
    [{ url: '' }, 'url is missing'],
    [{ url: 'postgres://u:canary#@h/d' }, 'percent-encoded'],
    [{ url: 'http://h/d' }, 'postgres://'],
    [{ schema: 'Log' }, 'schema'],
    [{ schema: 'pg_log' }, 'schema'],
    [{ schema: 'x; drop schema y' }, 'schema'],
    [{ maxConnections: 1 }, 'maxConnections'],
    [{ maxConnections: 5 }, 'maxConnections'],
    [{ requestTimeout: '5' }, 'requestTimeout'],
    [{ migrate: 'yes' }, 'migrate'],
    [{ clientId: 'a b' }, 'clientId'],
    [{ shema: 'x' }, 'did you mean "schema"?'],
    [{ retry: { retires: 3 } }, 'did you mean "retries"?'],
  ])('connect(%j) is refused', async (options, message) => {
    const given = { url: test.url, logger: null, ...options } as unknown as ConnectOptions;
    const error = (await connect(given).catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({ code: 'INVALID_CONFIG', message: expect.stringContaining(message) as string });
    expect(error.message).not.toContain('canary');
  });

  it.each([
    [{ acks: 2 }, 'INVALID_REQUIRED_ACKS'],
    [{ acks: '1' }, 'INVALID_REQUIRED_ACKS'],
    [{ compression: 'zip' }, 'UNSUPPORTED_COMPRESSION_TYPE'],
    [{ lingerMs: -1 }, 'INVALID_CONFIG'],
    [{ deliveryTimeoutMs: 2 ** 31 }, 'INVALID_CONFIG'],
    [{ batchSize: '5 mins' }, 'INVALID_CONFIG'],
    [{ idempotence: true }, 'INVALID_CONFIG'],
    [{ createPartitioner: 5 }, 'INVALID_CONFIG'],
    [{ retry: { retries: -1 } }, 'INVALID_CONFIG'],
  ])('producer(%j) is refused', async (options, code) => {
    await expect(producer(options)).rejects.toMatchObject({ code });
  });

  it.each([
    [{ sessionTimeout: 1_000, heartbeatInterval: 500 }, 'heartbeatInterval'],
    [{ sessionTimeout: 0 }, 'sessionTimeout'],
    [{ maxPollIntervalMs: 2 ** 31 }, 'maxPollIntervalMs'],
    [{ fromBeginning: true }, 'fromBeginning'],
    [{ retry: { restartOnFailur: () => true } }, 'restartOnFailure'],
  ])('consumer(%j) is refused', async (options, message) => {
    await expect(consumer({ groupId: 'g', ...options })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining(message) as string,
    });
  });
});
