import { DataSource } from 'typeorm';
import pg from 'pg';
import type { PostlogError, TransactionHandle } from '../index.js';
import { outboxWorld, type OutboxWorld } from '../testing/outbox-world.js';

let world: OutboxWorld;
beforeEach(async () => {
  world = await outboxWorld();
});
afterEach(() => world.drop());

const send = (transaction: TransactionHandle, ...values: string[]) =>
  world.producer.send({ topic: 't', messages: values.map((value) => ({ value })), transaction });
/** Ends what a transaction may have left to come: a record that is sent now comes after it. */
const afterAll_ = async (count: number) => {
  const client = await world.begin();
  await send(client, 'last');
  await client.query('commit');
  return world.untilStored(count + 1);
};

describe('a record that is published in a transaction', () => {
  it('is stored when the transaction commits, not before, and its offset is not known yet', async () => {
    const client = await world.begin();
    await client.query("insert into orders values ('1')");
    expect(await send(client, 'a', 'b')).toEqual([{ topicName: 't', partition: 0, errorCode: 0 }]);
    const other = await world.begin();
    await send(other, 'other');
    await other.query('commit');
    expect(await world.untilStored(1)).toEqual(['other']);
    await client.query('commit');
    expect(await world.untilStored(3)).toEqual(['other', 'a', 'b']);
  });

  it('is never seen when the transaction, or the savepoint that it was sent under, is rolled back', async () => {
    const client = await world.begin();
    await send(client, 'rolled back');
    await client.query('rollback');
    await client.query('begin');
    await send(client, 'kept');
    await client.query('savepoint s');
    await send(client, 'under a savepoint that is rolled back');
    await client.query('rollback to s');
    await client.query('savepoint s2');
    await send(client, 'under one that is released');
    await client.query('release s2');
    await client.query('commit');
    expect(await afterAll_(2)).toEqual(['kept', 'under one that is released', 'last']);
  });

  it('is never seen when the connection ends before the commit', async () => {
    const client = await world.begin();
    await send(client, 'lost');
    await client.end();
    expect(await afterAll_(0)).toEqual(['last']);
  });

  it('comes before those of a transaction that wrote later, although that began earlier', async () => {
    const early = await world.begin();
    await send(early, 'early 1');
    const late = await world.begin();
    await send(late, 'late');
    await late.query('commit');
    await send(early, 'early 2');
    await early.query('commit');
    expect(await world.untilStored(3)).toEqual(['late', 'early 1', 'early 2']);
  });

  it('waits for nobody: one transaction stays open while others come and go', async () => {
    const open = await world.begin();
    await send(open, 'open');
    const values: string[] = [];
    const client = await world.client();
    for (let n = 0; n < 20; n++) {
      await client.query('begin');
      await send(client, `${n}`);
      await client.query('commit');
      values.push(`${n}`);
      expect(await world.untilStored(values.length)).toEqual(values);
    }
    await open.query('commit');
    expect(await world.untilStored(21)).toEqual([...values, 'open']);
  });

  it('keeps the order of the calls, awaited or not, also while the topic is not known yet', async () => {
    const client = await world.begin();
    const values = Array.from({ length: 30 }, (_, n) => `${n}`);
    await Promise.all(values.map((value) => send(client, value)));
    await client.query('commit');
    expect(await world.untilStored(30)).toEqual(values);
  });

  it('is what it was when send was called', async () => {
    const client = await world.begin();
    for (const text of ['topic unknown', 'topic known']) {
      const value = Buffer.from(text);
      const sending = world.producer.send({ topic: 't', messages: [{ value }], transaction: client });
      value.fill('!');
      await sending;
    }
    await client.query('commit');
    expect(await world.untilStored(2)).toEqual(['topic unknown', 'topic known']);
  });

  it('goes to all its topics and partitions, or to none', async () => {
    await world.postlog.admin().createTopics({ topics: [{ topic: 'u' }] });
    const topicMessages = [
      { topic: 't', messages: [{ value: 'in t' }] },
      { topic: 'u', messages: [{ value: 'in u' }, { value: 'in u too' }] },
    ];
    const client = await world.begin();
    await world.producer.sendBatch({ topicMessages, transaction: client });
    await client.query('rollback');
    await client.query('begin');
    expect(await world.producer.sendBatch({ topicMessages, transaction: client })).toHaveLength(2);
    await client.query('commit');
    expect(await world.untilStored(2, 'u')).toEqual(['in u', 'in u too']);
    expect(await world.untilStored(1)).toEqual(['in t']);
  });

  it.each(['isolation level repeatable read', 'isolation level serializable'])('works with %s', async (level) => {
    const client = await world.begin(level);
    await client.query('select count(*) from orders');
    await send(client, 'a');
    await send(client, 'b');
    await client.query('commit');
    expect(await world.untilStored(2)).toEqual(['a', 'b']);
  });

  it('is stored once when the transaction fails with 40001 and its owner repeats it', async () => {
    const attempt = async (client: pg.Client, id: string) => {
      await client.query('begin isolation level serializable');
      await client.query('select count(*) from orders');
      await client.query('insert into orders values ($1)', [id]);
      await send(client, id);
    };
    const one = await world.client();
    const other = await world.client();
    await attempt(one, 'one');
    await attempt(other, 'other');
    await one.query('commit');
    const failed = await other.query('commit').then(
      () => undefined,
      ({ code }: { code: string }) => code,
    );
    expect(failed).toBe('40001');
    await attempt(other, 'other');
    await other.query('commit');
    expect(await afterAll_(2)).toEqual(['one', 'other', 'last']);
  });

  it('is stored when a prepared transaction is committed', async () => {
    const client = await world.begin();
    if (
      (await client.query<{ setting: string }>("select current_setting('max_prepared_transactions') as setting"))
        .rows[0]!.setting === '0'
    )
      return;
    await send(client, 'prepared');
    await client.query("prepare transaction 'p'");
    expect(await afterAll_(0)).toEqual(['last']);
    await client.query("commit prepared 'p'");
    expect(await world.untilStored(2)).toEqual(['last', 'prepared']);
  });

  it('is stored with 9 999 others of the same transaction, together and in order, be it in one call or in many', async () => {
    const values = Array.from({ length: 10_000 }, (_, n) => `${n} ${'x'.repeat(n % 300)}`);
    const client = await world.begin();
    await send(client, ...values.slice(0, 9_000));
    for (const value of values.slice(9_000)) await send(client, value);
    await client.query('commit');
    expect(await world.untilStored(10_000)).toEqual(values);
  });

  it('is dropped, and holds up nothing, when its topic was deleted in between', async () => {
    await world.postlog.admin().createTopics({ topics: [{ topic: 'gone' }] });
    const client = await world.begin();
    await world.producer.sendBatch({
      topicMessages: [
        { topic: 'gone', messages: [{ value: 'lost' }] },
        { topic: 't', messages: [{ value: 'kept' }] },
      ],
      transaction: client,
    });
    await world.postlog.admin().deleteTopics({ topics: ['gone'] });
    await client.query('commit');
    expect(await afterAll_(1)).toEqual(['kept', 'last']);
  });
});

describe('a transaction handle', () => {
  it.each(['EntityManager', 'QueryRunner'])('may be the %s of TypeORM', async (kind) => {
    const dataSource = await new DataSource({ type: 'postgres', url: world.url }).initialize();
    const handleOf = (manager: { queryRunner?: TransactionHandle }) =>
      kind === 'EntityManager' ? (manager as TransactionHandle) : manager.queryRunner!;
    await dataSource.transaction(async (manager) => {
      await manager.query("insert into orders values ('1')");
      await send(handleOf(manager), 'committed');
    });
    const rolledBack = dataSource.transaction(async (manager) => {
      await send(handleOf(manager), 'rolled back');
      throw new Error('mine');
    });
    await expect(rolledBack).rejects.toThrow('mine');
    expect(await afterAll_(1)).toEqual(['committed', 'last']);
    await dataSource.destroy();
  });

  it('may be anything that runs SQL in the transaction, and nothing else is done on it', async () => {
    const client = await world.begin();
    const bare = { query: (sql: string, parameters: unknown[]) => client.query(sql, parameters) };
    await send(bare, 'a');
    await send(bare, 'b', 'c');
    await client.query('commit');
    expect(await world.untilStored(3)).toEqual(['a', 'b', 'c']);
  });

  const refused = async (given: unknown) => {
    const error = await send(given as TransactionHandle, 'x').then(
      () => undefined,
      (reason: PostlogError) => reason,
    );
    return error === undefined ? 'accepted' : `${error.code}: ${error.message}`;
  };

  it('that is no transaction is refused with the cure, and nothing is written', async () => {
    const client = await world.client();
    const pool = new pg.Pool({ connectionString: world.url });
    const dataSource = await new DataSource({ type: 'postgres', url: world.url }).initialize();
    const runner = dataSource.createQueryRunner();
    const bare = { query: (sql: string, parameters: unknown[]) => client.query(sql, parameters) };
    expect(await refused(undefined)).toMatch(/^INVALID_TXN_STATE: .*leave the option out/);
    expect(await refused('begin')).toMatch(/^INVALID_TXN_STATE: .*"begin"/);
    expect(await refused({})).toMatch(/^INVALID_TXN_STATE: .*no query/);
    expect(await refused(pool)).toMatch(/^INVALID_TXN_STATE: .*it is a pool/);
    expect(await refused(dataSource)).toMatch(/^INVALID_TXN_STATE: .*it is a DataSource/);
    expect(await refused(dataSource.manager)).toMatch(/^INVALID_TXN_STATE: .*dataSource.transaction/);
    expect(await refused(runner)).toMatch(/^INVALID_TXN_STATE: .*startTransaction/);
    expect(await refused(client)).toMatch(/^INVALID_TXN_STATE: .*in no transaction/);
    expect(await refused(bare)).toMatch(/^INVALID_TXN_STATE: .*in no transaction/);
    await runner.release();
    expect(await refused(runner)).toMatch(/^INVALID_TXN_STATE: .*released/);
    await Promise.all([pool.end(), dataSource.destroy()]);
    expect(await afterAll_(0)).toEqual(['last']);
  });

  it('whose transaction has ended, failed or only reads is refused with the cure, and nothing is written', async () => {
    const client = await world.begin();
    await send(client, 'kept');
    await client.query('commit');
    expect(await refused(client)).toMatch(/^INVALID_TXN_STATE: .*has ended/);
    await client.query('begin');
    await client.query('select 1/0').catch(() => {});
    expect(await refused(client)).toMatch(/^INVALID_TXN_STATE: .*rolled back/);
    await client.query('rollback');
    await client.query('begin read only');
    expect(await refused(client)).toMatch(/^INVALID_TXN_STATE: .*read only/);
    await client.query('rollback');
    expect(await refused(await world.begin('read only'))).toMatch(/^INVALID_TXN_STATE: .*read only/);
    expect(await afterAll_(1)).toEqual(['kept', 'last']);
  });

  it('whose commit was queued before the send is refused, and nothing is written', async () => {
    const client = await world.begin();
    await send(client, 'kept');
    const committed = client.query('commit');
    expect(await refused(client)).toMatch(/^INVALID_TXN_STATE: .*await send\(\) before "commit"/);
    await committed;
    expect(await afterAll_(1)).toEqual(['kept', 'last']);
  });

  it('of another database is refused, with an outbox or without', async () => {
    const other = await outboxWorld();
    expect(await refused(await other.begin())).toMatch(/^UNREGISTERED_DATABASE: /);
    const server = new URL(world.url);
    server.pathname = '/postgres';
    const stranger = new pg.Client({ connectionString: server.href });
    await stranger.connect();
    await stranger.query('begin');
    expect(await refused(stranger)).toMatch(/^UNREGISTERED_DATABASE: /);
    expect((await stranger.query('select 1')).rowCount).toBe(1); // Its transaction is as it was.
    await stranger.end();
    await other.drop();
  });

  it('takes neither acks nor compression along', async () => {
    const client = await world.begin();
    const given = { topic: 't', messages: [{ value: 'x' }], transaction: client, acks: 1 } as never;
    await expect(world.producer.send(given)).rejects.toThrow('acks is of no use');
  });
});
