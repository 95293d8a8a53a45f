import pg from 'pg';
import { openDatabase } from '../testing/open-database.js';
import { testDatabase, type TestDatabase } from '../testing/test-database.js';
import { migrationFiles, migrationScript } from './migration-files.js';
import { migrate, missingSteps } from './migrate.store.js';

let test: TestDatabase;
beforeEach(async () => {
  test = await testDatabase();
});
afterEach(() => test.drop());

describe('migrations', () => {
  it('are applied once when ten processes start at the same time', async () => {
    const processes = Array.from({ length: 10 }, () => openDatabase(test.url));
    const applied = await Promise.all(processes.map(migrate));
    expect(applied.filter((steps) => steps.length > 0)).toEqual([migrationFiles().map(({ name }) => name)]);
    expect(await missingSteps(processes[0]!, 'postlog')).toEqual([]);
    await Promise.all(processes.map((database) => database.close()));
  });

  it('keep two schemas in one database apart', async () => {
    const [one, other] = [openDatabase(test.url), openDatabase(test.url, { schema: 'other_log' })];
    await migrate(one);
    await migrate(other);
    const create = { name: 'create', text: `select postlog.create_topic_v1('t', 1, 1, '{}', 100)` };
    await one.query(create);
    const count = { name: 'count', text: 'select count(*) as n from postlog.topic' };
    expect([await one.query(count), await other.query(count)]).toEqual([[{ n: 1n }], [{ n: 0n }]]);
    await other.query(create);
    expect(await other.query(count)).toEqual([{ n: 1n }]);
    await Promise.all([one.close(), other.close()]);
  });

  it('refuse a step that another build made', async () => {
    const database = openDatabase(test.url);
    await migrate(database);
    await database.query({
      name: 'edit',
      text: `update postlog.schema_migration set sha256 = 'x' where name = 'functions/append_v1'`,
    });
    await expect(migrate(database)).rejects.toMatchObject({ code: 'UNSUPPORTED_DATABASE' });
    await database.close();
  });

  it('can be printed as a script that does the same', async () => {
    const client = new pg.Client({ connectionString: test.url });
    await client.connect();
    await client.query(migrationScript('by_hand'));
    await client.end();
    const database = openDatabase(test.url, { schema: 'by_hand' });
    expect(await migrate(database)).toEqual([]);
    await database.close();
  });

  it('need no right but to create a schema', async () => {
    const client = new pg.Client({ connectionString: test.url });
    await client.connect();
    const { database } = client;
    const role = `plain_${database!.slice(-8)}`;
    await client.query(`create role ${role} login password 'x'; grant create on database ${database!} to ${role}`);
    const url = new URL(test.url);
    url.username = role;
    url.password = 'x';
    const plain = openDatabase(url.href);
    expect((await migrate(plain)).length).toBeGreaterThan(5);
    await plain.close();
    await client.query(`drop owned by ${role}; drop role ${role}`);
    await client.end();
  });
});
