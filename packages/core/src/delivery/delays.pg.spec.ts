import { randomUUID } from 'node:crypto';
import { acquireLease } from '../metadata/lease.store.js';
import { registerOutbox } from '../outbox/outbox.store.js';
import { until } from '../testing/collect.js';
import { outboxWorld, type OutboxWorld } from '../testing/outbox-world.js';
import { releaseDelayed, type DelayMark, type Released } from './delay.store.js';

/** Moving deliveries to the outbox, as `broker/delay-service.ts` does, one look at a time. */
let world: OutboxWorld;
let epoch: bigint;
let mark: DelayMark;
beforeEach(async () => {
  world = await outboxWorld({ services: false });
  epoch = (await acquireLease(world.database, LEASE))!;
  mark = NOTHING;
});
afterEach(() => world.drop());

const LEASE = { name: 'delayed-delivery', holder: 'me', ttlMs: 60_000 };
const NOTHING: DelayMark = { due: -1n, id: 0n, seen: null };

const look = (most = 100, from = mark) => releaseDelayed(world.database, epoch, from, { most, lookAheadMs: 500 });
const step = async (most?: number): Promise<Released> => {
  const found = await look(most);
  mark = found.mark;
  return found;
};
const later = (delayMs: number, ...values: string[]) =>
  world.producer.send({ topic: 't', messages: values.map((value) => ({ value })), delayMs });
const laterIn = async (delayMs: number, value: string) => {
  const client = await world.begin();
  await world.producer.send({ topic: 't', messages: [{ value }], delayMs, transaction: client });
  return client;
};
/** What the sequencer makes of the outbox. */
const delivered = async (count: number) => {
  await world.connect();
  return world.untilStored(count);
};
const run = (text: string, values: unknown[] = []) => world.database.query({ name: 'spec', text }, values);

describe('a look at what is due', () => {
  it('moves what is due, in order, and says when the next is', async () => {
    await later(0, 'a', 'b');
    await later(0, 'c');
    await later(400, 'soon');
    await later(60_000, 'far');
    const found = await step();
    expect(found).toMatchObject({ moved: 2, isFenced: false, isHeld: false });
    expect(found.nextInMs).toBeGreaterThanOrEqual(0);
    expect(found.nextInMs).toBeLessThanOrEqual(400);
    await until(async () => (await step()).moved === 1);
    expect(await look()).toMatchObject({ moved: 0, nextInMs: undefined });
    expect(await delivered(4)).toEqual(['a', 'b', 'c', 'soon']);
  });

  it('moves at most as many as it may, and goes on behind them with the next', async () => {
    for (const value of ['1', '2', '3', '4', '5']) await later(0, value);
    await run('update postlog.delayed set due_at = 1000'); // All at the same time.
    for (const moved of [2, 2, 1, 0]) expect(await step(2)).toMatchObject({ moved });
    expect(await delivered(5)).toEqual(['1', '2', '3', '4', '5']);
  });

  it('finds what was committed after its time, behind what it remembers, each once', async () => {
    const [first, second, third] = [await laterIn(0, 'first'), await laterIn(0, 'second'), await laterIn(0, 'third')];
    await later(0, 'on time');
    expect(await step()).toMatchObject({ moved: 1 });
    await third.query('commit');
    await first.query('commit');
    expect(await step(1)).toMatchObject({ moved: 1 });
    expect(await step(1)).toMatchObject({ moved: 1 });
    await second.query('commit');
    expect(await step()).toMatchObject({ moved: 1 });
    expect(await step()).toMatchObject({ moved: 0 });
    expect(await delivered(4)).toEqual(['on time', 'first', 'third', 'second']);
  });

  it('is as right with an older memory, or with none', async () => {
    await later(0, 'a');
    await step();
    const older = mark;
    await later(0, 'b');
    await step();
    await later(0, 'c');
    expect(await look(100, older)).toMatchObject({ moved: 1 });
    await later(0, 'd');
    expect(await look(100, NOTHING)).toMatchObject({ moved: 1 });
    expect(await delivered(4)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('forgets what it remembers when the clock of the database is set back', async () => {
    await step();
    const inAnHour = BigInt(Date.now() + 3_600_000);
    await later(60_000, 'not before its time');
    expect(await look(100, { ...mark, due: inAnHour })).toMatchObject({ moved: 0 });
    await step();
    await run('update postlog.delayed set due_at = 1000');
    expect(await look(100, { ...mark, due: inAnHour })).toMatchObject({ moved: 1 });
  });

  it('comes back to what a transaction is about to cancel, and passes it by meanwhile', async () => {
    const { id } = await later(0, 'a');
    await later(0, 'b');
    const canceller = await world.begin();
    await world.producer.cancel(id, { transaction: canceller });
    expect(await step()).toMatchObject({ moved: 1, isHeld: true });
    await later(0, 'c');
    expect(await step()).toMatchObject({ moved: 1, isHeld: true });
    await canceller.query('rollback');
    expect(await step()).toMatchObject({ moved: 1, isHeld: false });
    expect(await delivered(3)).toEqual(['b', 'c', 'a']);
  });

  it('comes back also to one that was committed after its time', async () => {
    const open = await laterIn(0, 'late');
    await later(0, 'a');
    await step();
    await open.query('commit');
    const canceller = await world.begin();
    await canceller.query('select from postlog.delayed for update');
    expect(await step()).toMatchObject({ moved: 0, isHeld: true });
    const another = await laterIn(0, 'another'); // Began after the snapshot that is remembered all the while.
    await later(0, 'b');
    expect(await step()).toMatchObject({ moved: 1, isHeld: true });
    await another.query('commit');
    expect(await step()).toMatchObject({ moved: 1, isHeld: true });
    await canceller.query('rollback');
    expect(await step()).toMatchObject({ moved: 1, isHeld: false });
  });

  it('moves nothing when the lease was taken over', async () => {
    await later(0, 'a');
    await run("update postlog.lease set expires_at = 'epoch'");
    const next = (await acquireLease(world.database, { ...LEASE, holder: 'next' }))!;
    expect(await look()).toMatchObject({ moved: 0, isFenced: true });
    epoch = next;
    expect(await look()).toMatchObject({ moved: 1, isFenced: false });
  });

  it('moves each once when many look at the same time, and cancels are between', async () => {
    const sent = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => ({ value: String(n), id: (await later(0, String(n))).id })),
    );
    const cancelled = new Set<string>();
    const cancelling = sent
      .filter((_, n) => n % 3 === 0)
      .map(async ({ id, value }) => {
        if (await world.producer.cancel(id)) cancelled.add(value);
      });
    const looking = Array.from({ length: 3 }, async () => {
      for (let moved = 1; moved > 0;) ({ moved } = await look(7, NOTHING));
    });
    await Promise.all([...cancelling, ...looking]);
    await later(0, 'last'); // So that one that comes twice is seen.
    while ((await look(100, NOTHING)).moved > 0);
    const expected = sent.map(({ value }) => value).filter((value) => !cancelled.has(value));
    expect((await delivered(expected.length + 1)).slice(0, -1).sort()).toEqual(expected.sort());
  });

  it('is enough: who dies after it leaves the rest to the sequencer', async () => {
    await later(0, 'a');
    await step();
    await world.postlog.close();
    expect(await delivered(1)).toEqual(['a']);
  });

  it('writes nothing where nothing is due', async () => {
    await later(60_000, 'far');
    const client = await world.begin();
    const { rows } = await client.query<{ moved: number }>(
      'select moved from postlog.release_delayed_v1(0, -1, -1, null, 100, 0)',
    );
    // Whoever writes gets a transaction id.
    const { rows: ids } = await client.query('select pg_current_xact_id_if_assigned() as xid');
    await client.query('commit');
    expect([rows, ids]).toEqual([[{ moved: 0 }], [{ xid: null }]]);
  });
});

describe('a copy of a database', () => {
  it('delivers what its original had not, once, and its looks do not read all of it each time', async () => {
    await later(0, 'due');
    await later(60_000, 'later');
    await run('update postlog.delayed set xid = (xid::text::bigint + 1000000)::text::xid8');
    await run('update postlog.outbox_home set system_identifier = 1');
    await registerOutbox(world.database);
    const [row] = await world.database.query<{ n: bigint }>({
      name: 'ahead',
      text: 'select count(*) as n from postlog.delayed where xid > pg_snapshot_xmax(pg_current_snapshot())',
    });
    expect(row).toEqual({ n: 0n });
    expect(await step()).toMatchObject({ moved: 1 });
    await run('update postlog.delayed set due_at = 0');
    expect(await look(100, NOTHING)).toMatchObject({ moved: 1 });
    expect(await delivered(2)).toEqual(['due', 'later']);
  });
});

describe('a send for later', () => {
  it('is flushed when it is answered, whatever synchronous_commit the role has', async () => {
    await run(`alter database "${new URL(world.url).pathname.slice(1)}" set synchronous_commit = off`);
    const other = await world.connect({ services: false });
    // By what the commit goes: the server's log position tells of everybody's writes.
    await run('create table noted (setting text)');
    await run(`create function note() returns trigger language plpgsql as
               $$ begin insert into public.noted values (current_setting('synchronous_commit')); return new; end $$`);
    await run('create trigger note after insert on postlog.delayed for each row execute function note()');
    await other.producer().send({ topic: 't', messages: [{ value: 'x' }], delayMs: 60_000 });
    expect(await run('select setting from noted')).toEqual([{ setting: 'local' }]);
  });

  it('is not there twice when its id is', async () => {
    const id = randomUUID();
    const insert = `select postlog.delay_v1(null, true, array[$1]::uuid[], array[0]::bigint[], array[null]::bigint[], array[0], '{}', '{}', '{}', '{}', '')`;
    await run(insert, [id]);
    await expect(run(insert, [id])).rejects.toMatchObject({ code: 'UNKNOWN_SERVER_ERROR' });
  });
});
