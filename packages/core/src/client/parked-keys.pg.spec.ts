import type { Consumer, ConsumerRun, EachMessagePayload } from '../index.js';
import { lagOf, until } from '../testing/collect.js';
import { deliveryWorld, QUICK, type DeliveryWorld } from '../testing/delivery-world.js';

let world: DeliveryWorld;
beforeAll(async () => {
  world = await deliveryWorld();
});
afterAll(() => world.drop());

const parking = { retry: { ...QUICK, attempts: 2, delayMs: 30 }, onExhausted: 'parkKey' } as const;
const patient = { ...parking, retry: { attempts: 1, delayMs: 60_000, maxDelayMs: 60_000 } } as const;
const keyed = (...values: string[]) => values.map((value) => ({ key: value[0]!, value }));
const text = ({ message }: Pick<EachMessagePayload, 'message'>) => String(message.value);

/** A handler that refuses values of a key while it is broken. */
function fragile(key: string) {
  const done: string[] = [];
  const state = { isBroken: true, done, calls: 0 };
  return Object.assign(state, {
    handle: (payload: EachMessagePayload) => {
      state.calls += 1;
      if (state.isBroken && text(payload).startsWith(key)) throw new Error(`${key} is broken`);
      done.push(text(payload));
    },
  });
}
const ofKey = (done: readonly string[], key: string) => done.filter((value) => value.startsWith(key));
const parked = (topic: string, groupId: string) => world.postlog.parkedKeys({ topic, groupId });
const consume = (topic: string, groupId: string, handler: ReturnType<typeof fragile>, run: ConsumerRun = parking) =>
  world.consume(topic, groupId, { ...run, ...(run.eachBatch === undefined ? { eachMessage: handler.handle } : {}) });
const isSettled = async (groupId: string, consumer: Consumer) =>
  consumer.assignment().length > 0 && (await lagOf(world.postlog, groupId)) === 0;

describe('a parked key', () => {
  it.each([
    ['one at a time', {}],
    ['by keys', { keyConcurrency: 4 }],
  ])('waits in order while the others go on, and is handled when it can be (%s)', async (_, run) => {
    const topic = await world.newTopic();
    const groupId = `others-${topic}`;
    await world.send(topic, ...keyed('a1', 'x1', 'b1', 'x2', 'a2', 'x3', 'b2'));
    const handler = fragile('x');
    const consumer = await consume(topic, groupId, handler, { ...parking, ...run });
    await until(() => handler.done.length === 4);
    await until(async () => (await parked(topic, groupId).list()).length === 3);
    expect([ofKey(handler.done, 'a'), ofKey(handler.done, 'b')]).toEqual([
      ['a1', 'a2'],
      ['b1', 'b2'],
    ]);
    await until(() => isSettled(groupId, consumer));
    await world.send(topic, ...keyed('x4', 'a3'));
    await until(() => handler.done.includes('a3'));
    handler.isBroken = false;
    await until(() => ofKey(handler.done, 'x').length === 4);
    await world.send(topic, ...keyed('x5'));
    await until(() => handler.done.includes('x5'));
    expect(ofKey(handler.done, 'x')).toEqual(['x1', 'x2', 'x3', 'x4', 'x5']);
    expect(await parked(topic, groupId).list()).toEqual([]);
    await consumer.disconnect();
  });

  it('survives a restart, with its attempts, and in order', async () => {
    const topic = await world.newTopic();
    await world.send(topic, ...keyed('x1', 'a1', 'x2', 'x3'));
    const handler = fragile('x');
    const first = await consume(topic, 'restarted', handler, patient);
    await until(async () => (await parked(topic, 'restarted').list()).length === 3);
    await until(() => isSettled('restarted', first));
    await first.disconnect();
    const waiting = await parked(topic, 'restarted').list();
    expect(
      waiting.map(({ offset, key, attempts, errorMessage }) => [offset, String(key), attempts, errorMessage]),
    ).toEqual([
      ['0', 'x', 1, 'x is broken'],
      ['2', 'x', 0, null],
      ['3', 'x', 0, null],
    ]);
    expect(waiting[0]!.dueInMs).toBeGreaterThan(30_000);
    await world.send(topic, ...keyed('x4', 'a2'));
    handler.isBroken = false;
    const second = await consume(topic, 'restarted', handler, patient);
    await until(() => handler.done.includes('a2'));
    expect(ofKey(handler.done, 'x')).toEqual([]);
    expect(await parked(topic, 'restarted').release({ key: 'x' })).toEqual({ released: 4 });
    await until(() => ofKey(handler.done, 'x').length === 4);
    expect(handler.done).toEqual(['a1', 'a2', 'x1', 'x2', 'x3', 'x4']);
    await second.disconnect();
  });

  it('is handled by another owner though nothing new comes', async () => {
    const topic = await world.newTopic();
    await world.send(topic, ...keyed('x1', 'x2'));
    const handler = fragile('x');
    const first = await consume(topic, 'idle', handler);
    await until(async () => (await parked(topic, 'idle').list()).length === 2);
    await until(() => isSettled('idle', first));
    await first.disconnect();
    handler.isBroken = false;
    const second = await consume(topic, 'idle', handler);
    await until(() => handler.done.length === 2);
    expect(handler.done).toEqual(['x1', 'x2']);
    await second.disconnect();
  });

  it('goes with its partition to another owner, in order, and only one of them handles it', async () => {
    const topic = await world.newTopic(2);
    const handler = fragile('x');
    await world.send(topic, ...keyed('x1', 'x2'));
    const first = await consume(topic, 'moving', handler);
    await until(async () => (await parked(topic, 'moving').list()).length === 2);
    const other = await world.connect();
    const second = await world.consume(topic, 'moving', { ...parking, eachMessage: handler.handle }, other);
    await until(() => second.assignment().length > 0);
    await world.send(topic, ...keyed('x3', 'a1'));
    await first.disconnect();
    await until(() => handler.done.includes('a1'));
    handler.isBroken = false;
    await until(() => ofKey(handler.done, 'x').length >= 3);
    await world.send(topic, ...keyed('x4'));
    await until(() => handler.done.includes('x4'));
    expect(ofKey(handler.done, 'x')).toEqual(['x1', 'x2', 'x3', 'x4']);
    await second.disconnect();
  });

  it('of a batch handler is left out of its batches, and handled alone', async () => {
    const topic = await world.newTopic();
    await world.send(topic, ...keyed('a1', 'x1', 'a2', 'x2', 'a3'));
    const handler = fragile('x');
    const batches: string[][] = [];
    const consumer = await consume(topic, 'batched', handler, {
      ...parking,
      eachBatch: ({ batch, resolveOffset }) => {
        batches.push(batch.messages.map((message) => text({ message })));
        for (const message of batch.messages) {
          if (handler.isBroken && text({ message }).startsWith('x')) throw new Error('broken');
          handler.done.push(text({ message }));
          resolveOffset(message.offset);
        }
      },
    });
    await until(() => handler.done.length === 3);
    expect(handler.done).toEqual(['a1', 'a2', 'a3']);
    handler.isBroken = false;
    await until(() => handler.done.length === 5);
    expect(handler.done.slice(3)).toEqual(['x1', 'x2']);
    expect(batches.slice(-2)).toEqual([['x1'], ['x2']]);
    await consumer.disconnect();
  });

  it('does not take records without a key: they are dead letters', async () => {
    const topic = await world.newTopic();
    await world.send(topic, 'x1', { key: 'a', value: 'a1' });
    const handler = fragile('x');
    const consumer = await consume(topic, 'keyless', handler);
    await until(() => handler.done.length === 1);
    expect(await parked(topic, 'keyless').list()).toEqual([]);
    expect(await world.postlog.deadLetters({ topic, groupId: 'keyless' }).list()).toHaveLength(1);
    await consumer.disconnect();
  });
});

describe('the parking table', () => {
  it('takes so many records of a partition; then this waits, with one alarm, until there is room', async () => {
    const topic = await world.newTopic();
    await world.send(topic, ...keyed('x1', 'x2', 'x3', 'x4', 'a1'));
    const handler = fragile('x');
    const alarms: unknown[] = [];
    const consumer = world.postlog.consumer({ groupId: 'bounded' });
    consumer.on(consumer.events.PARKING_FULL, ({ payload }) => alarms.push(payload));
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ ...parking, maxParked: 2, autoCommitInterval: 20, eachMessage: handler.handle });
    await until(() => alarms.length === 1);
    await new Promise((wake) => setTimeout(wake, 700));
    expect([alarms, handler.done]).toEqual([[{ topic, partition: 0, size: 2, maxParked: 2 }], []]);
    expect(await parked(topic, 'bounded').list()).toHaveLength(2);
    handler.isBroken = false;
    await until(() => handler.done.length === 5);
    expect(ofKey(handler.done, 'x')).toEqual(['x1', 'x2', 'x3', 'x4']);
    await consumer.disconnect();
  });

  it('gives a record up as a dead letter when it is discarded; what waited for it goes on', async () => {
    const topic = await world.newTopic();
    await world.send(topic, ...keyed('x1', 'y1'));
    const done: string[] = [];
    const consumer = await world.consume(topic, 'discarding', {
      ...patient,
      eachMessage: (payload) => {
        if (text(payload) === 'x1') throw new Error('never');
        done.push(text(payload));
      },
    });
    await until(async () => (await parked(topic, 'discarding').list()).length === 1);
    await world.send(topic, ...keyed('x2'));
    await until(async () => (await parked(topic, 'discarding').list()).length === 2);
    expect(await parked(topic, 'discarding').discard({ partition: 0, offset: '0' })).toEqual({ discarded: 1 });
    await until(() => done.includes('x2'));
    const [letter] = await world.postlog.deadLetters({ topic, groupId: 'discarding' }).list();
    expect(letter).toMatchObject({ offset: '0', errorName: 'Discarded', attempts: 1 });
    await consumer.disconnect();
  });

  it.each([{}, { key: 'x', all: true }, { partition: 0 }, { key: 3 }])('refuses to release %j', async (chosen) => {
    const topic = await world.newTopic();
    await expect(parked(topic, 'g').release(chosen as never)).rejects.toThrow();
  });
});
