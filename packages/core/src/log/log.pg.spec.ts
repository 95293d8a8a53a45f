import pg from 'pg';
import { areDense, appendOne, batchOf, newTopic, offsetsFrom } from '../testing/log-world.js';
import { untilWaitForLock } from '../testing/lock-waits.js';
import { migratedDatabase, type MigratedDatabase } from '../testing/migrated-database.js';
import { offset } from '../record/offset.js';
import { append } from './append.store.js';
import { advanceLogStart, logEnds, read } from './log.store.js';
import { deleteTopic } from './topic.store.js';

let world: MigratedDatabase;
let topics = 0;

beforeAll(async () => {
  world = await migratedDatabase();
});
afterAll(() => world.drop());

const freshTopic = (partitions = 1) => newTopic(world.database, `topic-${topics++}`, partitions);
const LIMITS = { partitionMaxBytes: 1_000_000, maxBytes: 10_000_000 };

async function session(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: world.url });
  await client.connect();
  return client;
}

describe('append', () => {
  it('gives dense offsets, each once, to writers in several processes', async () => {
    const [partition] = await freshTopic();
    const writers = [world.database, world.another(), world.another(), world.another()];
    await Promise.all(
      writers.map(async (database) => {
        for (let round = 0; round < 25; round++) await appendOne(database, await batchOf(partition!, ['a', 'b', 'c']));
      }),
    );
    const offsets = await offsetsFrom(world.database, partition!);
    expect(offsets).toHaveLength(100);
    expect(areDense(offsets)).toBe(true);
  });

  it('answers for each partition of one request, in one commit', async () => {
    const [first, second] = await freshTopic(2);
    const answers = await append(world.database, [
      await batchOf(second!, ['x']),
      await batchOf(999_999, ['nowhere']),
      { ...(await batchOf(first!, ['y'])), leaderEpoch: 7 },
    ]);
    expect(answers.map(({ partitionId, error, baseOffset }) => [partitionId, error, baseOffset])).toEqual([
      [first, 'UNKNOWN_LEADER_EPOCH', undefined],
      [second, undefined, 0n],
      [999_999, 'UNKNOWN_TOPIC_OR_PARTITION', undefined],
    ]);
  });

  it('refuses where this broker does not lead, or leads no more', async () => {
    const [partition] = await freshTopic();
    const set = (assignment: string) =>
      world.database.query({
        name: 'set',
        text: `update postlog.replica set ${assignment} where partition_id = ${partition!}`,
      });
    const attempt = async (leaderEpoch: number) =>
      (await appendOne(world.database, { ...(await batchOf(partition!, ['x'])), leaderEpoch })).error;

    await set('leader_epoch = 3');
    expect(await attempt(2)).toBe('FENCED_LEADER_EPOCH');
    expect(await attempt(3)).toBeUndefined();
    const leadUntil = (time: string) =>
      world.database.query({ name: 'lead', text: `update postlog.broker set lead_until = ${time}` });
    await leadUntil("clock_timestamp() - interval '1 s'");
    expect(await attempt(3)).toBe('NOT_LEADER_OR_FOLLOWER');
    await leadUntil("'infinity'");
    expect(await attempt(3)).toBeUndefined();
    await set("role = 'follower'");
    expect(await attempt(3)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect((await read(world.database, [{ partitionId: partition!, fetchOffset: offset(0) }], LIMITS))[0]!.error).toBe(
      'NOT_LEADER_OR_FOLLOWER',
    );
  });

  it('compares the fence after it waited for the lock, not before', async () => {
    const [partition] = await freshTopic();
    const holder = await session();
    await holder.query('begin');
    await holder.query('update postlog.replica set leader_epoch = 1 where partition_id = $1', [partition]);
    const waiting = appendOne(world.database, await batchOf(partition!, ['late']));
    await untilWaitForLock(world.url);
    await holder.query('commit');
    expect((await waiting).error).toBe('FENCED_LEADER_EPOCH');
    await holder.end();
  });

  it('goes on in the new segment when it waited for a roll, and gives no offset twice', async () => {
    const [partition] = await freshTopic();
    await appendOne(world.database, await batchOf(partition!, ['a', 'b']));
    const holder = await session();
    const { rows } = await holder.query<{ chain_id: number; active_segment_id: number }>(
      'select chain_id, active_segment_id from postlog.replica where partition_id = $1',
      [partition],
    );
    const { chain_id, active_segment_id } = rows[0]!;
    const prepared = await holder.query<{ id: number }>("select postlog.create_segment_v1($1, 'prepared') as id", [
      chain_id,
    ]);
    await holder.query('begin');
    await holder.query('select postlog.roll_segment_v1($1, $2, $3)', [
      [partition],
      active_segment_id,
      prepared.rows[0]!.id,
    ]);
    const waiting = appendOne(world.database, await batchOf(partition!, ['c']));
    await untilWaitForLock(world.url);
    await holder.query('commit');
    expect((await waiting).baseOffset).toBe(2n);
    expect((await appendOne(world.database, await batchOf(partition!, ['d']))).baseOffset).toBe(3n);
    const where = await holder.query<{ n: string }>(
      `select count(*) as n from postlog.segment_${prepared.rows[0]!.id}`,
    );
    expect(where.rows[0]!.n).toBe('2');
    expect(areDense(await offsetsFrom(world.database, partition!))).toBe(true);
    await holder.end();
  });

  it('is flushed when it answers, whatever synchronous_commit the session has', async () => {
    const [partition] = await freshTopic();
    const client = await session();
    const batch = await batchOf(partition!, ['x']);
    // What counts is the setting at commit: a function's own `set` clause would have ended before it.
    await client.query('begin');
    await client.query('set local synchronous_commit = off');
    await client.query('select * from postlog.append_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, false)', [
      [partition],
      [0],
      [1],
      [1],
      [-1],
      [-1],
      [-1],
      [batch.bytes.length],
      batch.bytes,
    ]);
    const { rows } = await client.query<{ synchronous_commit: string }>('show synchronous_commit');
    await client.query('commit');
    expect(rows[0]!.synchronous_commit).toBe('local');
    await client.end();
  });

  it.each(['repeatable read', 'serializable'])('refuses to run under %s', async (isolation) => {
    const client = await session();
    await client.query(`begin isolation level ${isolation}`);
    await expect(
      client.query(`select * from postlog.append_v1('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '', false)`),
    ).rejects.toMatchObject({
      code: 'PL002',
    });
    await client.end();
  });
});

describe('fetch', () => {
  it('reads all partitions under one snapshot, also those it comes to later', async () => {
    const [first, second] = await freshTopic(2);
    await append(world.database, [await batchOf(first!, ['a']), await batchOf(second!, ['b'])]);
    const client = await session();
    // Two looks in one statement, an append in between: both must see the same log.
    const looking = client.query<{ early: string; late: string }>(
      `with early as (select max(last_offset) as m from postlog.fetch_v1($1, '{0,0}', '{-1,-1}', 0, 1000, 1000, 'infinity')),
            nap as (select pg_sleep(0.5) from early)
       select early.m as early, (select max(f.last_offset) from nap, postlog.fetch_v1($1, '{0,0}', '{-1,-1}', 0, 1000, 1000, 'infinity') f) as late
         from early`,
      [[first, second]],
    );
    await new Promise((wake) => setTimeout(wake, 100));
    await append(world.database, [await batchOf(first!, ['c', 'd']), await batchOf(second!, ['e', 'f'])]);
    const { rows } = await looking;
    expect(rows[0]).toEqual({ early: '0', late: '0' });
    await client.end();
  });

  it('returns at least one whole batch, however large', async () => {
    const [partition] = await freshTopic();
    await appendOne(world.database, await batchOf(partition!, ['x'.repeat(300_000)]));
    await appendOne(world.database, await batchOf(partition!, ['y']));
    const [answer] = await read(world.database, [{ partitionId: partition!, fetchOffset: offset(0) }], {
      partitionMaxBytes: 10,
      maxBytes: 10,
    });
    expect(answer!.batches).toHaveLength(1);
    expect(answer!.highWatermark).toBe(2n);
  });

  it('says that a partition has news which found no room', async () => {
    const [first, second] = await freshTopic(2);
    await append(world.database, [await batchOf(first!, ['a']), await batchOf(second!, ['b'])]);
    const answers = await read(
      world.database,
      [first!, second!].map((partitionId) => ({ partitionId, fetchOffset: offset(0) })),
      { partitionMaxBytes: 1, maxBytes: 1 },
    );
    expect(answers.map(({ batches }) => batches.length)).toEqual([1, 0]);
  });

  it('gives the whole batch to a reader inside it, nothing at the end, and an error beyond', async () => {
    const [partition] = await freshTopic();
    await appendOne(world.database, await batchOf(partition!, ['a', 'b', 'c']));
    const at = (place: number) =>
      read(world.database, [{ partitionId: partition!, fetchOffset: offset(place) }], LIMITS);
    expect((await at(1))[0]!.batches.map(({ baseOffset }) => baseOffset)).toEqual([0n]);
    expect(await at(3)).toEqual([]);
    expect((await at(4))[0]!.error).toBe('OFFSET_OUT_OF_RANGE');
  });

  it('returns bytes as they were appended, all values of a byte included', async () => {
    const [partition] = await freshTopic();
    const batch = await batchOf(partition!, [
      Buffer.from(Array.from({ length: 256 }, (_, index) => index)).toString('latin1'),
    ]);
    await appendOne(world.database, batch);
    const [answer] = await read(world.database, [{ partitionId: partition!, fetchOffset: offset(0) }], LIMITS);
    expect(answer!.batches[0]!.bytes.equals(batch.bytes)).toBe(true);
  });

  it('answers an error for a topic that was deleted', async () => {
    const [partition] = await newTopic(world.database, 'doomed', 1);
    await appendOne(world.database, await batchOf(partition!, ['a']));
    expect(await deleteTopic(world.database, 'doomed')).toBe(true);
    expect(await deleteTopic(world.database, 'doomed')).toBe(false);
    const [answer] = await read(world.database, [{ partitionId: partition!, fetchOffset: offset(0) }], LIMITS);
    expect(answer!.error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect((await appendOne(world.database, await batchOf(partition!, ['b']))).error).toBe(
      'UNKNOWN_TOPIC_OR_PARTITION',
    );
  });
});

describe('the log start', () => {
  it('moves forward only, and not beyond the end', async () => {
    const [partition] = await freshTopic();
    await appendOne(world.database, await batchOf(partition!, ['a', 'b', 'c', 'd']));
    expect(await advanceLogStart(world.database, partition!, offset(2))).toEqual({
      error: undefined,
      logStartOffset: 2n,
    });
    expect(await advanceLogStart(world.database, partition!, offset(1))).toEqual({
      error: undefined,
      logStartOffset: 2n,
    });
    expect((await advanceLogStart(world.database, partition!, offset(9))).error).toBe('OFFSET_OUT_OF_RANGE');
    expect((await read(world.database, [{ partitionId: partition!, fetchOffset: offset(1) }], LIMITS))[0]!.error).toBe(
      'OFFSET_OUT_OF_RANGE',
    );
    expect(await logEnds(world.database, [partition!])).toMatchObject([
      { partitionId: partition!, leaderEpoch: 0, logStartOffset: 2n, logEndOffset: 4n, highWatermark: 4n },
    ]);
  });
});
