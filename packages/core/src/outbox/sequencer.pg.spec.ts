import { acquireLease } from '../metadata/lease.store.js';
import type { Database } from '../postgres/database.js';
import { until } from '../testing/collect.js';
import { outboxWorld, type OutboxWorld } from '../testing/outbox-world.js';
import { registerOutbox, truncateOutbox } from './outbox.store.js';
import { ownLog } from './own-log.js';
import { Sequencer, type SequencerOptions } from './sequencer.js';

let world: OutboxWorld;
let appended: number[];
beforeEach(async () => {
  world = await outboxWorld({ services: false });
  appended = [];
});
afterEach(() => world.drop());

const lease = async (holder: string, ttlMs = 60_000, database = world.database) =>
  (await acquireLease(database, { name: 'outbox-sequencer', holder, ttlMs }))!;
const sequencer = (options: Partial<SequencerOptions> = {}, database: Database = world.database) =>
  new Sequencer({
    database,
    log: ownLog(database),
    onAppended: (partitionIds) => void appended.push(...partitionIds),
    onDropped: () => {},
    ...options,
  });
const publish = async (...values: string[]) => {
  const client = await world.begin();
  for (const value of values) await world.producer.send({ topic: 't', messages: [{ value }], transaction: client });
  return client;
};
const commit = async (...values: string[]) => {
  const client = await publish(...values);
  await client.query('commit');
  await client.end();
};
const all = async (epoch: bigint, given = sequencer()) => {
  while ((await given.step(epoch)) !== 'idle');
};
const values = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `${from + n}`);
const rowsLeft = async () =>
  (await world.database.one<{ count: bigint }>({ name: 'count', text: 'select count(*) from postlog.outbox' })).count;

describe('the sequencer', () => {
  it('appends what was committed while there was none, once, whoever is next', async () => {
    await commit('a');
    await commit('b', 'c');
    const epoch = await lease('me');
    expect(await sequencer().step(epoch)).toBe('appended');
    expect(appended).toHaveLength(1);
    expect(await sequencer().step(epoch)).toBe('idle');
    expect(await world.values()).toEqual(['a', 'b', 'c']);
  });

  it('takes over from a process that died between the commit and the append', async () => {
    await commit('a', 'b');
    await lease('dead', 400);
    await world.connect();
    expect(await world.untilStored(2)).toEqual(['a', 'b']);
  });

  it('takes a transaction that was open during earlier looks, and each only once', async () => {
    const epoch = await lease('me');
    const mine = sequencer();
    const first = await publish('first');
    const second = await publish('second');
    await commit('1');
    await all(epoch, mine);
    await second.query('commit');
    await commit('2');
    await all(epoch, mine);
    await first.query('commit');
    await all(epoch, mine);
    expect(await world.values()).toEqual(['1', 'second', '2', 'first']);
  });

  it('puts a transaction behind what committed before its last record, also when it sees both at once', async () => {
    const early = await publish('early 1');
    await commit('between');
    await world.producer.send({ topic: 't', messages: [{ value: 'early 2' }], transaction: early });
    await early.query('commit');
    await all(await lease('me'));
    expect(await world.values()).toEqual(['between', 'early 1', 'early 2']);
  });

  it('does nothing when its lease was taken over', async () => {
    await commit('a');
    const stale = await lease('stalled', 1);
    await until(
      async () =>
        (await acquireLease(world.database, { name: 'outbox-sequencer', holder: 'next', ttlMs: 60_000 })) !== undefined,
    );
    expect(await sequencer().step(stale)).toBe('fenced');
    expect(await world.values()).toEqual([]);
  });

  it('appends nothing twice when two believe to hold the lease', async () => {
    const epoch = await lease('both');
    const outcomes: string[] = [];
    const databases = [world.database, world.database];
    const run = async (database: Database) => {
      const mine = sequencer({ limits: { maxRows: 3, maxBytes: 1e6 }, maxPlannedRows: 7 }, database);
      for (let idle = 0; idle < 3;) {
        const outcome = await mine.step(epoch);
        outcomes.push(outcome);
        idle = outcome === 'idle' ? idle + 1 : 0;
      }
    };
    for (let round = 0; round < 5; round++) {
      for (const value of values(10, round * 10)) await commit(value);
      await Promise.all(databases.map(run));
    }
    expect(await world.values()).toEqual(values(50));
    expect(outcomes).toContain('fenced');
  });

  it('goes on in the middle of a window where another left off, in the same order', async () => {
    const late = await publish('late 1');
    for (const value of values(10)) await commit(value);
    await commit('x', 'y', 'z', 'u', 'v');
    await world.producer.send({ topic: 't', messages: [{ value: 'late 2' }], transaction: late });
    await late.query('commit');
    const epoch = await lease('me');
    const limits = { maxRows: 2, maxBytes: 1e6 };
    const expected = [...values(10), 'x', 'y', 'z', 'u', 'v', 'late 1', 'late 2'];
    // Each page by another one, which knows only what the database says; and a plan that ends in the middle of a transaction.
    for (let page = 0; page < 5; page++)
      expect(await sequencer({ limits, maxPlannedRows: 3 }).step(epoch)).toBe('appended');
    await commit('after the window began');
    for (let page = 0; page < 20; page++) await sequencer({ limits, maxPlannedRows: 4 }).step(epoch);
    expect(await world.values()).toEqual([...expected, 'after the window began']);
    expect(await sequencer().step(epoch)).toBe('idle');
  });

  it('finishes a window whose last plan was just as long as plans may be', async () => {
    const epoch = await lease('me');
    for (const value of values(3)) await commit(value);
    expect(await sequencer({ maxPlannedRows: 3 }).step(epoch)).toBe('appended');
    await commit('after');
    await all(epoch);
    expect(await world.values()).toEqual([...values(3), 'after']);
  });

  it('moves nothing when its answer is an error, and the next look is right again', async () => {
    await commit('a');
    const epoch = await lease('me');
    const mine = sequencer();
    await world.database.query({ name: 'refuse', text: "update postlog.broker set lead_until = '2000-01-01'" });
    await expect(mine.step(epoch)).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' });
    await world.database.query({ name: 'lead', text: "update postlog.broker set lead_until = 'infinity'" });
    await all(epoch, mine);
    expect(await world.values()).toEqual(['a']);
  });
});

describe('the slots of the outbox', () => {
  /** Puts all rows where they may be truncated. */
  const age = () =>
    world.database.query({
      name: 'age',
      text: 'update postlog.outbox set slot = (extract(epoch from clock_timestamp())::bigint / 60 + 2) % 4',
    });

  it('are emptied when all that is in them is sequenced, not before', async () => {
    await commit('a');
    await age();
    const epoch = await lease('me');
    expect(await truncateOutbox(world.database, epoch)).toBe(0);
    await all(epoch);
    expect(await truncateOutbox(world.database, epoch - 1n)).toBe(0);
    expect(await rowsLeft()).toBe(1n);
    expect(await truncateOutbox(world.database, epoch)).toBe(1);
    expect(await rowsLeft()).toBe(0n);
    await commit('b');
    await all(epoch);
    expect(await world.values()).toEqual(['a', 'b']);
  });

  it('keep a row of the window that is under way', async () => {
    for (const value of values(4)) await commit(value);
    await age();
    const epoch = await lease('me');
    await sequencer({ limits: { maxRows: 2, maxBytes: 1e6 } }).step(epoch);
    expect(await truncateOutbox(world.database, epoch)).toBe(0);
    await all(epoch);
    expect(await world.values()).toEqual(values(4));
  });

  it('are not waited for while a transaction that wrote to one is open', async () => {
    const epoch = await lease('me');
    await commit('a');
    await all(epoch);
    await age();
    const open = await world.begin();
    await open.query(
      'insert into postlog.outbox (slot, partition_id, record_count, max_batch_bytes, batch) select (extract(epoch from clock_timestamp())::bigint / 60 + 2) % 4, 1, 0, 0, $1',
      [Buffer.alloc(0)],
    );
    await expect(truncateOutbox(world.database, epoch)).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' });
    await open.query('rollback');
    expect(await truncateOutbox(world.database, epoch)).toBe(1);
  });

  it('are emptied of what was rolled back, once the mark moved on', async () => {
    const epoch = await lease('me');
    const mine = sequencer();
    await commit('a');
    await all(epoch, mine);
    await (await publish('rolled back')).query('rollback');
    await mine.moveOn(epoch);
    await commit('b');
    await mine.moveOn(epoch); // There is something to append, so it waits.
    await all(epoch, mine);
    expect(await world.values()).toEqual(['a', 'b']);
  });
});

describe('a copy of a database', () => {
  it('appends what its original had not, once and in order, though transaction ids start elsewhere', async () => {
    const epoch = await lease('me');
    for (const value of values(6)) await commit(value);
    await sequencer({ limits: { maxRows: 2, maxBytes: 1e6 } }).step(epoch);
    await commit('after the window');
    await world.database.query({
      name: 'shift',
      text: `create function postlog_shifted(snapshot text) returns pg_snapshot language sql as $$
               select (a + 1000000 || ':' || b + 1000000 || ':')::pg_snapshot
                 from (select split_part(snapshot, ':', 1)::bigint as a, split_part(snapshot, ':', 2)::bigint as b) s $$`,
    });
    // As it would be on a server whose transaction ids are far behind.
    await world.database.query({
      name: 'pretend',
      text: `with ahead as (update postlog.outbox set xid = (xid::text::bigint + 1000000)::text::xid8),
                  marks as (select mark, sequenced::text as s, window_snapshot::text as w from postlog.outbox_mark),
                  home as (update postlog.outbox_home set system_identifier = 1)
             update postlog.outbox_mark m
                set sequenced = postlog_shifted(s), window_snapshot = postlog_shifted(w)
               from marks where marks.mark = m.mark`,
    });
    await registerOutbox(world.database);
    expect(await rowsLeft()).toBe(5n);
    await all(epoch);
    await commit('new');
    await all(epoch);
    expect(await world.values()).toEqual([...values(6), 'after the window', 'new']);
    const home = await registerOutbox(world.database);
    expect(await registerOutbox(world.database)).toBe(home);
  });
});
