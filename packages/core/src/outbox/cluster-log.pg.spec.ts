import { acquireLease } from '../metadata/lease.store.js';
import { readBatchHeader } from '../record/record-batch.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import { createDeferred } from '../runtime/deferred.js';
import { systemClock } from '../runtime/clock.js';
import { until } from '../testing/collect.js';
import { outboxWorld, type OutboxWorld } from '../testing/outbox-world.js';
import { ClusterLog, type SendOutcome } from './cluster-log.js';
import { readKeptBatches, type KeptBatch } from './composed-batch.store.js';
import { Sequencer } from './sequencer.js';

let world: OutboxWorld;
const stops: (() => Promise<void>)[] = [];
beforeEach(async () => {
  world = await outboxWorld({ services: false });
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
  await world.drop();
});

/** A log that keeps each sequence once, as a partition does, and refuses what leaves a gap. */
class Partition {
  readonly values: string[] = [];
  #next = 0;

  store({ bytes }: KeptBatch): SendOutcome {
    const { baseSequence, recordCount } = readBatchHeader(bytes);
    if (baseSequence > this.#next) throw new Error(`a gap before ${baseSequence}`);
    if (baseSequence < this.#next) return 'stored';
    this.#next += recordCount;
    this.values.push(...decodeBatch(bytes, { baseOffset: 0n }).map(({ value }) => String(value)));
    return 'stored';
  }
}

const REFUSE = `
  create function public.refuse() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$`;
const REFUSE_TO_FORGET = `
  create trigger refuse before delete on postlog.composed_batch for each row execute function public.refuse()`;

const sequencerOver = (send: (batch: KeptBatch) => Promise<SendOutcome>, onError: () => unknown = () => {}) => {
  const { database } = world;
  const dropped: number[] = [];
  const onDropped = (partitionIds: readonly number[]) => void dropped.push(...partitionIds);
  const shared = { database, onDropped, clock: systemClock, random: () => 0, onError };
  const log = new ClusterLog({ ...shared, producerId: 7n, send });
  stops.push(() => log.stop());
  const sequencer = new Sequencer({ ...shared, log, onAppended: () => {}, limits: { maxRows: 2, maxBytes: 1e6 } });
  return { log, sequencer, dropped };
};
const lease = async (holder: string, ttlMs = 60_000) =>
  (await acquireLease(world.database, { name: 'outbox-sequencer', holder, ttlMs }))!;
const publish = async (...values: string[]) => {
  const client = await world.begin();
  for (const value of values) await world.producer.send({ topic: 't', messages: [{ value }], transaction: client });
  await client.query('commit');
};
const all = async (epoch: bigint, sequencer: Sequencer) => {
  while ((await sequencer.step(epoch)) === 'appended');
};
const isEverythingStored = () => until(async () => (await readKeptBatches(world.database)).length === 0);

describe("a cluster's log, for an outbox", () => {
  it('takes records in order, under sequences without gaps, and forgets what is stored', async () => {
    const partition = new Partition();
    const { sequencer } = sequencerOver((batch) => Promise.resolve(partition.store(batch)));
    const epoch = await lease('me');
    await publish('a');
    await publish('b', 'c', 'd');
    await all(epoch, sequencer);
    await publish('e');
    await all(epoch, sequencer);
    await isEverythingStored();
    expect(partition.values).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('forgets what is stored also when the database would not hear of it at first', async () => {
    let failures = 0;
    const partition = new Partition();
    const send = (batch: KeptBatch) => Promise.resolve(partition.store(batch));
    const { sequencer } = sequencerOver(send, () => (failures += 1));
    await world.database.query({ name: 'refusing', text: REFUSE });
    await world.database.query({ name: 'refuse', text: REFUSE_TO_FORGET });
    await publish('a');
    await all(await lease('me'), sequencer);
    await until(() => failures > 0);
    expect((await readKeptBatches(world.database)).length).toBe(1);
    await world.database.query({ name: 'allow', text: 'drop trigger refuse on postlog.composed_batch' });
    await isEverythingStored();
    expect(partition.values).toEqual(['a']);
  });

  it('is sent what a predecessor had composed and not sent, byte for byte, before anything new', async () => {
    const partition = new Partition();
    const never = createDeferred<SendOutcome>();
    const sent: KeptBatch[] = [];
    const dead = sequencerOver((batch) => (sent.push(batch), never.promise));
    await publish('a', 'b');
    await publish('c');
    await all(await lease('dead', 1), dead.sequencer);
    await until(() => sent.length === 1);
    const next = sequencerOver((batch) => Promise.resolve(partition.store(batch)));
    await publish('d');
    await until(
      async () =>
        (await acquireLease(world.database, { name: 'outbox-sequencer', holder: 'next', ttlMs: 60_000 })) !== undefined,
    );
    await next.sequencer.takeOver();
    await all(await lease('next'), next.sequencer);
    await isEverythingStored();
    expect(partition.values).toEqual(['a', 'b', 'c', 'd']);
    partition.store(sent[0]!); // What the predecessor sent arrives late.
    expect(partition.values).toEqual(['a', 'b', 'c', 'd']);
    never.resolve('stored');
  });

  it('composes nothing for a sequencer that another one followed', async () => {
    const partition = new Partition();
    const send = (batch: KeptBatch) => Promise.resolve(partition.store(batch));
    const [old, next] = [sequencerOver(send), sequencerOver(send)];
    await publish('a');
    const oldEpoch = await lease('old', 1);
    await until(
      async () =>
        (await acquireLease(world.database, { name: 'outbox-sequencer', holder: 'next', ttlMs: 60_000 })) !== undefined,
    );
    expect(await old.sequencer.step(oldEpoch)).toBe('fenced');
    await all(await lease('next'), next.sequencer);
    await isEverythingStored();
    expect(partition.values).toEqual(['a']);
  });

  it('is sent a batch again until it is stored, and the next one of its partition only then', async () => {
    const partition = new Partition();
    let failures = 3;
    const { sequencer } = sequencerOver((batch) => {
      if (failures-- > 0) return Promise.reject(new Error('nobody leads it'));
      return Promise.resolve(partition.store(batch));
    });
    await publish('a');
    await publish('b');
    await publish('c');
    await all(await lease('me'), sequencer);
    await isEverythingStored();
    expect(partition.values).toEqual(['a', 'b', 'c']);
  });

  it('drops what was for a partition that is gone, and says so', async () => {
    const { sequencer, dropped } = sequencerOver(() => Promise.resolve('gone'));
    await publish('a');
    await all(await lease('me'), sequencer);
    await isEverythingStored();
    expect(dropped).toHaveLength(1);
  });
});
