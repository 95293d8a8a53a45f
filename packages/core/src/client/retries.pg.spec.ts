import pg from 'pg';
import { BatchItemError, NonRetriableError, type ConsumerRun, type InstrumentationEvent } from '../index.js';
import { lagOf, until } from '../testing/collect.js';
import { deliveryWorld, QUICK, type DeliveryWorld } from '../testing/delivery-world.js';

let world: DeliveryWorld;
beforeAll(async () => {
  world = await deliveryWorld();
});
afterAll(() => world.drop());

/** Says no to a value so many times. */
function refusing(value: string, times: number, error: () => Error = () => new Error('not yet')) {
  let refused = 0;
  return (given: string) => {
    if (given === value && refused++ < times) throw error();
  };
}
const text = (message: { readonly value: Buffer | null }) => String(message.value);

describe('a handler that fails', () => {
  it('is called again for the same record, in order, with the number of the attempt and the same key', async () => {
    const topic = await world.newTopic();
    await world.send(topic, 'a', 'b', 'c');
    const check = refusing('b', 2);
    const calls: unknown[] = [];
    const consumer = await world.consume(topic, 'in-order', {
      retry: QUICK,
      eachMessage: ({ message, attempt, idempotencyKey }) => {
        calls.push([text(message), attempt, idempotencyKey]);
        check(text(message));
      },
    });
    await until(() => calls.length === 5);
    expect(calls).toEqual([
      ['a', 1, `in-order:${topic}:0:0`],
      ['b', 1, `in-order:${topic}:0:1`],
      ['b', 2, `in-order:${topic}:0:1`],
      ['b', 3, `in-order:${topic}:0:1`],
      ['c', 1, `in-order:${topic}:0:2`],
    ]);
    await consumer.disconnect();
  });

  it('holds up no other partition, and with keyConcurrency no other key', async () => {
    const topic = await world.newTopic();
    await world.send(
      topic,
      { key: 'k', value: 'poison' },
      { key: 'k', value: 'behind it' },
      { key: 'l', value: 'other' },
    );
    const done: string[] = [];
    const attempts: number[] = [];
    const consumer = await world.consume(topic, 'by-key', {
      keyConcurrency: 4,
      retry: { ...QUICK, delayMs: 50 },
      onExhausted: 'skip',
      eachMessage: ({ message, attempt }) => {
        if (text(message) !== 'poison') done.push(text(message));
        else {
          attempts.push(attempt);
          throw new Error('never');
        }
      },
    });
    await until(() => done.length === 2);
    expect([done, attempts]).toEqual([
      ['other', 'behind it'],
      [1, 2, 3],
    ]);
    await consumer.disconnect();
    expect(await lagOf(world.postlog, 'by-key')).toBe(0);
  });

  it.each<[string, () => Error, ConsumerRun['retry']]>([
    ['a NonRetriableError', () => new NonRetriableError('no order'), QUICK],
    [
      'what retryIf says no to',
      () => new Error('hopeless'),
      { ...QUICK, retryIf: ({ message }) => message !== 'hopeless' },
    ],
  ])('is not called again for %s', async (_, error, retry) => {
    const topic = await world.newTopic();
    await world.send(topic, 'poison', 'next');
    const calls: string[] = [];
    const consumer = await world.consume(topic, `not-again-${topic}`, {
      ...(retry === undefined ? {} : { retry }),
      onExhausted: 'skip',
      eachMessage: ({ message }) => {
        calls.push(text(message));
        if (text(message) === 'poison') throw error();
      },
    });
    await until(() => calls.includes('next'));
    expect(calls).toEqual(['poison', 'next']);
    await consumer.disconnect();
  });

  it('pauses its partition when that is wanted, and has all its attempts again after resume', async () => {
    const topic = await world.newTopic();
    await world.send(topic, 'poison', 'next');
    const attempts: number[] = [];
    const done: string[] = [];
    let isCorrected = false;
    const events: InstrumentationEvent['payload'][] = [];
    const consumer = world.postlog.consumer({ groupId: 'pausing' });
    consumer.on(consumer.events.PAUSE_ON_FAILURE, ({ payload }) => events.push(payload));
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      retry: QUICK,
      onExhausted: 'pause',
      handlerId: 'mails',
      eachMessage: ({ message, attempt }) => {
        if (text(message) === 'poison' && !isCorrected) {
          attempts.push(attempt);
          throw new Error('down');
        }
        done.push(text(message));
      },
    });
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ topic, partition: 0, offset: '0', attempts: 3, handlerId: 'mails' });
    expect(consumer.paused()).toEqual([{ topic, partitions: [0] }]);
    consumer.resume([{ topic, partitions: [0] }]);
    await until(() => events.length === 2);
    expect(attempts).toEqual([1, 2, 3, 1, 2, 3]);
    isCorrected = true;
    consumer.resume([{ topic, partitions: [0] }]);
    await until(() => done.length === 2);
    expect(done).toEqual(['poison', 'next']);
    await consumer.disconnect();
  });
});

describe('a batch handler that fails', () => {
  it('has done what comes before the record that it names', async () => {
    const topic = await world.newTopic();
    await world.send(topic, 'a', 'b', 'poison', 'c');
    const batches: string[] = [];
    const consumer = await world.consume(topic, 'batches', {
      retry: QUICK,
      onExhausted: 'skip',
      eachBatch: ({ batch, attempt }) => {
        batches.push(`${batch.messages.map(text).join(' ')} (${attempt})`);
        const index = batch.messages.findIndex((message) => text(message) === 'poison');
        if (index >= 0) throw new BatchItemError(index, new Error('never'));
      },
    });
    await until(() => batches.includes('c (1)'));
    expect(batches).toEqual(['a b poison c (1)', 'poison c (2)', 'poison c (3)', 'c (1)']);
    await consumer.disconnect();
    expect(await lagOf(world.postlog, 'batches')).toBe(0);
  });

  it('failed on the first record that it did not resolve, when it names none', async () => {
    const topic = await world.newTopic();
    await world.send(topic, 'a', 'poison', 'c');
    const skipped: unknown[] = [];
    const consumer = world.postlog.consumer({ groupId: 'unresolved' });
    consumer.on(consumer.events.SKIP, ({ payload }) => skipped.push(payload['offset']));
    const done: string[] = [];
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      retry: { ...QUICK, attempts: 1 },
      onExhausted: 'skip',
      eachBatchAutoResolve: false,
      eachBatch: ({ batch, resolveOffset }) => {
        for (const message of batch.messages) {
          if (text(message) === 'poison') throw new Error('never');
          done.push(text(message));
          resolveOffset(message.offset);
        }
      },
    });
    await until(() => done.includes('c'));
    expect([done, skipped]).toEqual([['a', 'c'], ['1']]);
    await consumer.disconnect();
  });
});

describe('a transactional handler that fails', () => {
  it('leaves nothing of its attempts behind; the dead letter and the offset are one commit', async () => {
    const topic = await world.newTopic();
    await world.send(topic, 'a', 'poison', 'b');
    const client = new pg.Client({ connectionString: world.url });
    await client.connect();
    await client.query('create table effect (value text)');
    const consumer = world.postlog.consumer({ groupId: 'transactional' });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      transactional: true,
      retry: QUICK,
      eachMessage: async ({ message, transaction }) => {
        await transaction.query('insert into effect values ($1)', [text(message)]);
        if (text(message) === 'poison') throw new Error('never');
      },
    });
    const letters = world.postlog.deadLetters({ topic, groupId: 'transactional' });
    await until(async () => (await client.query('select from effect')).rows.length === 2);
    await until(async () => (await letters.list()).length === 1);
    expect((await client.query('select value from effect')).rows).toEqual([{ value: 'a' }, { value: 'b' }]);
    expect((await letters.list())[0]).toMatchObject({ offset: '1', attempts: 3 });
    await consumer.disconnect();
    await client.end();
  });
});
