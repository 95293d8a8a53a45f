import type { SegmentTimes } from '../log/segment.store.js';
import { advanceLogStart } from '../log/log.store.js';
import { acquireLease, resignLease } from '../metadata/lease.store.js';
import { offset } from '../record/offset.js';
import { appendOne, areDense, batchOf, newTopic, offsetsFrom } from '../testing/log-world.js';
import { migratedDatabase, type MigratedDatabase } from '../testing/migrated-database.js';
import { tendSegments } from './segment-service.js';

const TIMES: SegmentTimes = { maxBytes: 1_000_000, maxAgeMs: 1e12, producerExpiryMs: 60_000, dropAfterMs: 0 };
const producer = { producerId: 42n, producerEpoch: 0 };

let world: MigratedDatabase;
beforeEach(async () => {
  world = await migratedDatabase();
});
afterEach(() => world.drop());

const failOn = (error: unknown) => {
  throw error;
};
const tend = async (rounds = 1) => {
  for (let round = 0; round < rounds; round++) await tendSegments(world.database, TIMES, failOn);
};
const segments = () =>
  world.database.query<{ segment_id: number; state: string; has_table: boolean }>({
    name: 'segments',
    text: `select segment_id, state, to_regclass('postlog.segment_' || segment_id) is not null as has_table
             from postlog.segment order by segment_id`,
  });

describe('the segment service', () => {
  it('rolls a full segment to one that was prepared, and readers cross the border', async () => {
    const [partition] = await newTopic(world.database, 't', 1, { 'segment.bytes': '1' });
    for (let round = 0; round < 4; round++) {
      await appendOne(world.database, await batchOf(partition!, ['a', 'b']));
      await tend(2);
    }
    await appendOne(world.database, await batchOf(partition!, ['c']));
    const offsets = await offsetsFrom(world.database, partition!);
    expect(offsets).toHaveLength(5);
    expect(areDense(offsets)).toBe(true);
    expect((await segments()).filter(({ state }) => state === 'closed').length).toBeGreaterThanOrEqual(3);
  });

  it.each([1, 2, 3])('recognises a repeat %i segments later, and after the old tables are gone', async (rolls) => {
    const [partition] = await newTopic(world.database, 't', 1, { 'segment.bytes': '1' });
    const sent = await batchOf(partition!, ['a', 'b', 'c'], { ...producer, baseSequence: 0 });
    expect((await appendOne(world.database, sent)).baseOffset).toBe(0n);
    for (let roll = 0; roll < rolls; roll++) {
      await tend(2);
      await appendOne(world.database, await batchOf(partition!, ['by somebody else']));
    }
    expect((await appendOne(world.database, sent)).baseOffset).toBe(0n);

    await tend(2);
    await advanceLogStart(world.database, partition!, offset(3));
    await tend(2);
    expect((await appendOne(world.database, sent)).baseOffset).toBe(0n);
    const next = await appendOne(world.database, await batchOf(partition!, ['d'], { ...producer, baseSequence: 3 }));
    expect(next.baseOffset).toBe(offset(3 + rolls));
  });

  it('drops the tables that lie before the log start, and only those', async () => {
    const [first, second] = await newTopic(world.database, 't', 2, { 'segment.bytes': '1' });
    await appendOne(world.database, await batchOf(first!, ['a']));
    await appendOne(world.database, await batchOf(second!, ['b']));
    await tend(3);
    await appendOne(world.database, await batchOf(first!, ['c']));
    await advanceLogStart(world.database, first!, offset(1));
    await tend(3);
    // The second partition still needs the table that both share.
    expect((await segments())[0]).toMatchObject({ segment_id: 1, state: 'closed', has_table: true });
    expect(await offsetsFrom(world.database, second!)).toEqual([[0, 0]]);

    await advanceLogStart(world.database, second!, offset(1));
    await tend(3);
    expect((await segments()).find(({ segment_id }) => segment_id === 1)).toBeUndefined();
    expect(await offsetsFrom(world.database, first!, 1)).toEqual([[1, 1]]);
  });

  it('refuses a roll while an earlier segment has no snapshot of its producers', async () => {
    const [partition] = await newTopic(world.database, 't', 1);
    await appendOne(world.database, await batchOf(partition!, ['a']));
    const roll = async (from: number) => {
      const { to } = await world.database.one<{ to: number }>({
        name: 'new',
        text: `select postlog.create_segment_v1(1, 'prepared') as to`,
      });
      const { moved } = await world.database.one<{ moved: number }>(
        { name: 'roll', text: 'select postlog.roll_segment_v1($1, $2, $3) as moved' },
        [[partition], from, to],
      );
      return { to, moved };
    };
    const first = await roll(1);
    expect(first.moved).toBe(1);
    expect((await roll(first.to)).moved).toBe(0);
    await tend();
    expect((await roll(first.to)).moved).toBe(1);
  });

  it('forgets producers that were silent for longer than the expiry', async () => {
    const [partition] = await newTopic(world.database, 't', 1, { 'segment.bytes': '1' });
    await appendOne(world.database, await batchOf(partition!, ['a'], { ...producer, baseSequence: 0 }));
    for (let round = 0; round < 3; round++)
      await tendSegments(world.database, { ...TIMES, producerExpiryMs: -1 }, failOn);
    const [count] = await world.database.query<{ n: bigint }>({
      name: 'n',
      text: 'select count(*) as n from postlog.producer_snapshot',
    });
    expect(count!.n).toBe(0n);
  });
});

describe('a lease', () => {
  const lease = { name: 'segments', ttlMs: 60_000 };

  it('has one holder, who may renew it, and whose epoch rises with every change of hands', async () => {
    expect(await acquireLease(world.database, { ...lease, holder: 'a' })).toBe(1n);
    expect(await acquireLease(world.database, { ...lease, holder: 'b' })).toBeUndefined();
    expect(await acquireLease(world.database, { ...lease, holder: 'a' })).toBe(1n);
    await resignLease(world.database, { ...lease, holder: 'a' });
    expect(await acquireLease(world.database, { ...lease, holder: 'b' })).toBe(2n);
  });

  it('is free when it ran out', async () => {
    await acquireLease(world.database, { ...lease, holder: 'a', ttlMs: 0 });
    expect(await acquireLease(world.database, { ...lease, holder: 'b' })).toBe(2n);
  });
});
