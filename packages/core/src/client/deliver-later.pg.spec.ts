import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { ConnectOptions, PostlogError } from '../index.js';
import { until } from '../testing/collect.js';
import { outboxWorld, type OutboxWorld } from '../testing/outbox-world.js';

let world: OutboxWorld;
const begin = async (options: Partial<ConnectOptions> = {}) => (world = await outboxWorld(options));
afterEach(() => world.drop());

const HOUR_MS = 3_600_000;
const messages = (...values: string[]) => values.map((value) => ({ value }));
const later = (delayMs: number, ...values: string[]) =>
  world.producer.send({ topic: 't', messages: messages(...values), delayMs });
const laterIn = (transaction: pg.Client, delayMs: number, ...values: string[]) =>
  world.producer.send({ topic: 't', messages: messages(...values), delayMs, transaction });
/** The same as if so much time had passed. */
const pass = (ms: number) =>
  world.database.query({ name: 'pass', text: 'update postlog.delayed set due_at = due_at - $1' }, [ms]);
const kept = async () =>
  Number(
    (await world.database.one<{ n: bigint }>({ name: 'kept', text: 'select count(*) as n from postlog.delayed' })).n,
  );
const databaseNow = async () => {
  const text = 'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now';
  return Number((await world.database.one<{ now: bigint }>({ name: 'now', text })).now);
};
const refusal = (sending: Promise<unknown>) =>
  sending.then(
    () => 'sent',
    ({ code, message }: PostlogError) => `${code}: ${message}`,
  );

describe('a record that is sent for later', () => {
  it('is delivered when it is due, not before and soon after, on the clock of the database', async () => {
    await begin();
    const before = await databaseNow();
    const { deliverAt, partitions } = await later(300, 'a');
    expect(deliverAt.getTime()).toBeGreaterThanOrEqual(before + 300);
    expect(partitions).toEqual([{ topicName: 't', partition: 0, errorCode: 0 }]);
    let lastAbsent = 0;
    await until(async () => {
      const now = await databaseNow();
      const isThere = (await world.values()).length > 0;
      if (!isThere) lastAbsent = now;
      return isThere;
    });
    expect(await databaseNow()).toBeGreaterThanOrEqual(deliverAt.getTime());
    expect(lastAbsent).toBeLessThan(deliverAt.getTime() + 1_000); // What is usual is measured elsewhere; this machine may be busy.
  });

  it('comes in the order in which records are due, then in that of the calls', async () => {
    await begin({ services: false });
    const at = (await databaseNow()) + HOUR_MS;
    const timed = (deliverAt: Date | number, value: string) =>
      world.producer.send({ topic: 't', messages: messages(value), deliverAt });
    await Promise.all([
      timed(at + 2, '5'),
      timed(new Date(at), '1'),
      timed(at, '2'),
      timed(at + 1, '3'),
      timed(at, '2b'),
      timed(at + 1, '4'),
    ]);
    await pass(2 * HOUR_MS);
    await world.connect();
    expect(await world.untilStored(6)).toEqual(['1', '2', '2b', '3', '4', '5']);
  });

  it('is delivered at once when its time has passed', async () => {
    await begin();
    const before = await databaseNow();
    const { deliverAt } = await world.producer.send({ topic: 't', messages: messages('past'), deliverAt: new Date(0) });
    expect(deliverAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(await world.untilStored(1)).toEqual(['past']);
  });

  it('carries the time when it is due, unless it has a time of its own', async () => {
    await begin();
    const consumer = world.postlog.consumer({ groupId: 'times' });
    await consumer.subscribe({ topics: ['t'], fromBeginning: true });
    const times: string[] = [];
    await consumer.run({ eachMessage: ({ message }) => void times.push(message.timestamp) });
    const at = (await databaseNow()) + 200;
    await world.producer.send({
      topic: 't',
      messages: [{ value: 'a' }, { value: 'b', timestamp: '7' }],
      deliverAt: at,
    });
    await until(() => times.length === 2);
    expect(times).toEqual([String(at), '7']);
  });

  it('goes to several topics as one, each partition in order', async () => {
    await begin();
    await world.postlog.admin().createTopics({ topics: [{ topic: 'u' }] });
    const { partitions } = await world.producer.sendBatch({
      topicMessages: [
        { topic: 't', messages: messages('1', '2') },
        { topic: 'u', messages: messages('3') },
        { topic: 't', messages: messages('4') },
      ],
      delayMs: 50,
    });
    expect(partitions).toHaveLength(2);
    expect(await world.untilStored(3)).toEqual(['1', '2', '4']);
    expect(await world.untilStored(1, 'u')).toEqual(['3']);
  });

  it('takes large sends apart and nothing away', async () => {
    await begin();
    const values = Array.from({ length: 3_000 }, (_, n) => `${n}`.padEnd(200, '.'));
    await later(20, ...values);
    expect(await world.untilStored(3_000)).toEqual(values);
  });

  it('survives that all processes and the sequencer are gone until it is due', async () => {
    await begin({ services: false });
    await later(HOUR_MS, 'a');
    await world.postlog.close();
    await pass(2 * HOUR_MS);
    expect(await world.values()).toEqual([]);
    await world.connect();
    expect(await world.untilStored(1)).toEqual(['a']);
  });

  it('is awaited by flush, and changing its message afterwards changes nothing', async () => {
    await begin({ services: false });
    const value = Buffer.from('before');
    const sending = world.producer.send({ topic: 't', messages: [{ value }], delayMs: HOUR_MS });
    value.write('after!');
    await world.producer.flush();
    expect(await kept()).toBe(1);
    await sending;
    await pass(2 * HOUR_MS);
    await world.connect();
    expect(await world.untilStored(1)).toEqual(['before']);
  });

  it('is dropped with a warning when its topic is deleted before', async () => {
    await begin({ services: false });
    await world.postlog.admin().createTopics({ topics: [{ topic: 'gone' }] });
    await world.producer.send({ topic: 'gone', messages: messages('x'), delayMs: HOUR_MS });
    await world.postlog.admin().deleteTopics({ topics: ['gone'] });
    await later(HOUR_MS, 'a');
    await pass(2 * HOUR_MS);
    const warnings: string[] = [];
    const quiet = () => {};
    const warn = (text: string) => void warnings.push(text);
    await world.connect({ logger: { debug: quiet, info: quiet, warn, error: quiet } });
    expect(await world.untilStored(1)).toEqual(['a']);
    expect(warnings.join()).toContain('topics that are deleted');
  });
});

describe('sending for later in a transaction', () => {
  it('keeps what is committed, and nothing else', async () => {
    await begin({ services: false });
    const client = await world.begin();
    await laterIn(client, HOUR_MS, 'committed');
    await client.query('savepoint s');
    await laterIn(client, HOUR_MS, 'savepoint');
    await client.query('rollback to s');
    expect(await kept()).toBe(0);
    await client.query('commit');
    const other = await world.begin('isolation level serializable');
    await laterIn(other, HOUR_MS, 'rolled back');
    await other.query('rollback');
    await pass(2 * HOUR_MS);
    await world.connect();
    await later(0, 'last');
    expect(await world.untilStored(2)).toEqual(['committed', 'last']);
  });

  it.each([
    ['a pg client', (client: pg.Client) => client],
    ['a bare query', (client: pg.Client) => ({ query: (sql: string, values: unknown[]) => client.query(sql, values) })],
  ])('delivers what was due before the commit, then: %s', async (_, wrap) => {
    await begin();
    const client = await world.begin();
    const sent = await world.producer.send({
      topic: 't',
      messages: messages('late'),
      delayMs: 0,
      transaction: wrap(client),
    });
    // A look that is later than the time, and sees nothing.
    await later(0, 'between');
    await world.untilStored(1);
    expect(await databaseNow()).toBeGreaterThan(sent.deliverAt.getTime());
    await client.query('commit');
    expect(await world.untilStored(2)).toEqual(['between', 'late']);
  });

  it('refuses what is no transaction, or none any more, and keeps nothing', async () => {
    await begin({ services: false });
    const client = await world.client();
    const bare = { query: (sql: string, values: unknown[]) => client.query(sql, values) };
    const sendIn = (transaction: unknown) =>
      refusal(world.producer.send({ topic: 't', messages: messages('x'), delayMs: 1, transaction } as never));
    expect(await sendIn(undefined)).toMatch(/^INVALID_TXN_STATE: .*leave the option out/);
    expect(await sendIn(client)).toMatch(/^INVALID_TXN_STATE: .*in no transaction/);
    expect(await sendIn(bare)).toMatch(/^INVALID_TXN_STATE: .*in no transaction/);
    expect(await refusal(world.producer.cancel(randomUUID(), { transaction: bare }))).toMatch(/^INVALID_TXN_STATE: /);
    await client.query('begin read only');
    expect(await sendIn(client)).toMatch(/^INVALID_TXN_STATE: .*read only/);
    expect(await kept()).toBe(0);
  });
});

describe('cancelling', () => {
  it('withdraws what is still to come, once, and says what came already', async () => {
    await begin();
    const [cancelled, delivered] = [await later(HOUR_MS, 'cancelled'), await later(0, 'delivered')];
    await world.untilStored(1);
    expect(await world.producer.cancel(cancelled.id)).toBe(true);
    expect(await world.producer.cancel(cancelled.id)).toBe(false);
    expect(await world.producer.cancel(delivered.id)).toBe(false);
    expect(await world.producer.cancel(randomUUID())).toBe(false);
    expect(await kept()).toBe(0);
    await later(0, 'last');
    expect(await world.untilStored(2)).toEqual(['delivered', 'last']);
  });

  it('in a transaction counts when that commits; until then the delivery is held back, and others are not', async () => {
    await begin({ services: false });
    const [first, second] = [await later(0, 'cancelled'), await later(0, 'after all')];
    const [committing, aborting] = [await world.begin(), await world.begin()];
    expect(await world.producer.cancel(first.id, { transaction: committing })).toBe(true);
    expect(await world.producer.cancel(second.id, { transaction: aborting })).toBe(true);
    await later(0, 'other');
    await world.connect();
    expect(await world.untilStored(1)).toEqual(['other']);
    await committing.query('commit');
    await aborting.query('rollback');
    expect(await world.untilStored(2)).toEqual(['other', 'after all']);
    expect(await kept()).toBe(0);
  });

  it('comes after what was sent before it in the same transaction', async () => {
    await begin({ services: false });
    const client = await world.begin();
    const { id } = await laterIn(client, HOUR_MS, 'a');
    void laterIn(client, HOUR_MS, 'b');
    expect(await world.producer.cancel(id, { transaction: client })).toBe(true);
    await client.query('commit');
    expect(await kept()).toBe(1);
  });
});

describe('bad input', () => {
  it('is refused before any effect, with the cure', async () => {
    await begin({ services: false });
    const send = (options: object) =>
      refusal(world.producer.send({ topic: 't', messages: messages('x'), ...options } as never));
    expect(await send({ deliverAt: '2030-01-01' })).toMatch(/^INVALID_CONFIG: .*give a Date or milliseconds/);
    expect(await send({ deliverAt: undefined })).toMatch(/^INVALID_CONFIG: .*leave it out to deliver at once/);
    expect(await send({ delayMs: -1 })).toMatch(/^INVALID_CONFIG: .*from 0 to/);
    expect(await send({ delayMs: 1, deliverAt: 1 })).toMatch(/^INVALID_CONFIG: .*both/);
    expect(await send({ delayMs: 1, acks: 1 })).toMatch(/^INVALID_CONFIG: .*acks is of no use with a send that is/);
    expect(await send({ delayMS: 1 })).toMatch(/^INVALID_CONFIG: .*did you mean "delayMs"/);
    expect(await send({ delayMs: 1, topic: 'none' })).toMatch(/^UNKNOWN_TOPIC_OR_PARTITION: /);
    const large = messages('x'.repeat(1_100_000));
    expect(await send({ delayMs: 1, messages: large })).toMatch(/^MESSAGE_TOO_LARGE: /);
    expect(await refusal(world.producer.cancel('17'))).toMatch(
      /^INVALID_CONFIG: .*give the one that send\(\) answered/,
    );
    await world.producer.disconnect();
    expect(await send({ delayMs: 1 })).toMatch(/^CLIENT_CLOSED: /);
    expect(await refusal(world.producer.cancel(randomUUID()))).toMatch(/^CLIENT_CLOSED: /);
    expect(await kept()).toBe(0);
  });

  it('does not let a million unawaited sends take all memory', async () => {
    await begin({ services: false });
    const small = world.postlog.producer({ bufferMemoryBytes: 20_000, deliveryTimeoutMs: 1 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 3_000 }, (_, n) =>
        small.send({ topic: 't', messages: messages(`${n}`.padEnd(500)), delayMs: HOUR_MS }),
      ),
    );
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failures.length).toBeGreaterThan(0);
    for (const { reason } of failures) expect(reason).toMatchObject({ code: 'BUFFER_EXHAUSTED' });
    expect(await kept()).toBe(3_000 - failures.length);
  });
});
