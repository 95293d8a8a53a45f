import pg from 'pg';
import { offset } from '../record/offset.js';
import { untilWaitForLock } from '../testing/lock-waits.js';
import { migratedDatabase, type MigratedDatabase } from '../testing/migrated-database.js';
import { deferParked, finishParked, listParked, parkRecord, readParked, releaseParked } from './parked-record.store.js';

let world: MigratedDatabase;
let client: pg.Client;
beforeEach(async () => {
  world = await migratedDatabase();
  client = new pg.Client({ connectionString: world.url });
  await client.connect();
  await client.query(
    `insert into postlog.committed_offset (group_id, partition_id, owner_member_id, owner_epoch) values ('g', 1, 'a', 3)`,
  );
});
afterEach(async () => {
  await client.end();
  await world.drop();
});

const owner = { groupId: 'g', memberId: 'a', partitionId: 1, ownerEpoch: 3 };
const failure = { attempts: 2, errorName: 'Error', errorMessage: 'no', handlerId: undefined };
const record = (at: number) => ({
  offset: offset(at),
  key: Buffer.from('k'),
  batch: Buffer.from(`batch ${at}`),
  failure: at === 1 ? failure : undefined,
  delayMs: 60_000,
});
const park = (at: number, by = owner, max = 10) => parkRecord(world.database, by, record(at), max);
const offsets = async () => (await listParked(world.database, 'g', [1])).map((row) => Number(row.offset));

describe('a record in the parking table', () => {
  it('is there once, as it was first parked, and is listed in the order of offsets', async () => {
    await park(5);
    await park(1);
    await park(1);
    const [first, second] = await listParked(world.database, 'g', [1, 2]);
    expect([first, second]).toMatchObject([
      { offset: 1n, attempts: 2, errorName: 'Error', errorMessage: 'no', isDiscarded: false },
      { offset: 5n, attempts: 0, errorName: null },
    ]);
    expect(first!.dueInMs).toBeGreaterThan(50_000);
    expect(String(await readParked(world.database, owner, offset(5)))).toBe('batch 5');
  });

  it.each([
    ['another member', { ...owner, memberId: 'b' }],
    ['an earlier epoch', { ...owner, ownerEpoch: 2 }],
    ['another group', { ...owner, groupId: 'h' }],
    ['another partition', { ...owner, partitionId: 2 }],
  ])('is not touched by %s', async (_, stranger) => {
    await park(1);
    expect(await park(2, stranger)).toBe('FENCED_MEMBER_EPOCH');
    expect(await finishParked(world.database, stranger, offset(1))).toBe('FENCED_MEMBER_EPOCH');
    const again = { failure: { ...failure, attempts: 9 }, delayMs: 0 };
    expect(await deferParked(world.database, stranger, offset(1), again)).toBe('FENCED_MEMBER_EPOCH');
    expect(await listParked(world.database, 'g', [1])).toMatchObject([{ offset: 1n, attempts: 2 }]);
  });

  it('is not touched by who waited for the row while the owner changed', async () => {
    await park(1);
    await client.query('begin');
    await client.query(`update postlog.committed_offset set owner_member_id = 'b', owner_epoch = 4`);
    const late = Promise.all([finishParked(world.database, owner, offset(1)), park(2)]);
    await untilWaitForLock(world.url, 2);
    await client.query('commit');
    expect(await late).toEqual(['FENCED_MEMBER_EPOCH', 'FENCED_MEMBER_EPOCH']);
    expect(await offsets()).toEqual([1]);
  });

  it('fails again, is released, is done', async () => {
    await park(1);
    await deferParked(world.database, owner, offset(1), { failure: { ...failure, attempts: 3 }, delayMs: 90_000 });
    expect((await listParked(world.database, 'g', [1]))[0]).toMatchObject({ attempts: 3 });
    const chosen = { key: Buffer.from('k'), offset: null, isDiscarded: false };
    expect(await releaseParked(world.database, 'g', [1], chosen)).toBe(1);
    expect(await releaseParked(world.database, 'g', [1], { ...chosen, key: Buffer.from('l') })).toBe(0);
    expect((await listParked(world.database, 'g', [1]))[0]!.dueInMs).toBeLessThanOrEqual(0);
    expect(await finishParked(world.database, owner, offset(1))).toBeUndefined();
    expect(await finishParked(world.database, owner, offset(1))).toBeUndefined();
    expect(await offsets()).toEqual([]);
  });

  it('finds no room when so many wait, unless it is there already', async () => {
    expect([
      await park(1, owner, 2),
      await park(2, owner, 2),
      await park(3, owner, 2),
      await park(2, owner, 2),
    ]).toEqual([undefined, undefined, 'BUFFER_EXHAUSTED', undefined]);
    expect(await offsets()).toEqual([1, 2]);
  });

  it('goes with its group', async () => {
    await park(1);
    await client.query(
      `insert into postlog.group_state (group_id, version, group_epoch, assignment_epoch, metadata_version) values ('g', 1, 0, 0, 0)`,
    );
    await client.query(`select postlog.delete_group_v1('g', 1)`);
    expect(await offsets()).toEqual([]);
  });
});
