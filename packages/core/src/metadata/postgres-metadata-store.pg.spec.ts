import { migrate } from '../postgres/migrate.store.js';
import { systemClock } from '../runtime/clock.js';
import { systemRandom } from '../runtime/random.js';
import { lossyProxy } from '../testing/lossy-proxy.js';
import { openDatabase } from '../testing/open-database.js';
import { testDatabase, type TestDatabase } from '../testing/test-database.js';
import { describeMetadataStore } from './metadata-store.cases.js';
import { PostgresMetadataStore } from './postgres-metadata-store.js';

describe('the metadata store in Postgres', () => {
  let server: TestDatabase;
  let schemas = 0;
  beforeAll(async () => {
    server = await testDatabase();
  });
  afterAll(() => server.drop());

  /** An empty store in a schema of its own, as two processes see it. */
  async function openStores(url = server.url) {
    const schema = `metadata_${++schemas}`;
    const databases = [openDatabase(url, { schema }), openDatabase(url, { schema })];
    await migrate(databases[0]!);
    const [store, another] = databases.map(
      (database) =>
        new PostgresMetadataStore({ database, clock: systemClock, random: systemRandom, onError: () => {} }),
    );
    return {
      database: databases[0]!,
      store: store!,
      another: another!,
      ttlMs: 150,
      pause: () => systemClock.sleep(10),
      close: async () => {
        await Promise.all([store!.close(), another!.close()]);
        await Promise.all(databases.map((database) => database.close()));
      },
    };
  }

  describeMetadataStore(() => openStores());

  it('answers unknown when the reply to a commit is lost, and the commit stands', async () => {
    const proxy = await lossyProxy(server.url);
    const { store, another, close } = await openStores(proxy.url);
    proxy.loseReplyTo('metadata_commit_v1');
    await expect(store.commit([{ key: 'a', expectedRevision: 0n, value: '1' }])).rejects.toMatchObject({
      code: 'NETWORK_EXCEPTION',
      outcome: 'unknown',
    });
    expect((await another.list('')).entries).toHaveLength(1);
    await close();
    await proxy.close();
  });

  it('waits for the disk even where the role does not', async () => {
    const { database, close } = await openStores();
    const careless = new URL(server.url);
    careless.searchParams.set('options', '-c synchronous_commit=off');
    const other = openDatabase(careless.href, { schema: database.schema });
    // A deferred trigger tells the setting with which the transaction is about to commit.
    await database.query({ name: 'told', text: 'create table postlog.told (setting text)' });
    await database.query({
      name: 'tell',
      text: `create function postlog.tell() returns trigger language plpgsql as $$
               begin insert into postlog.told values (current_setting('synchronous_commit')); return null; end $$`,
    });
    for (const table of ['metadata_entry', 'lease', 'told']) {
      await database.query({
        name: 'tell_of',
        text: `create constraint trigger tell after insert on postlog.${table}
               deferrable initially deferred for each row when (pg_trigger_depth() = 0) execute function postlog.tell()`,
      });
    }
    await other.query({ name: 'plain', text: `insert into postlog.told values ('plain')` });
    const store = new PostgresMetadataStore({
      database: other,
      clock: systemClock,
      random: systemRandom,
      onError: () => {},
    });
    await store.commit([{ key: 'a', expectedRevision: 0n, value: '1' }]);
    await store.acquireLease({ name: 'controller', holder: 'a', ttlMs: 1_000 });
    const told = await database.query<{ setting: string }>({ name: 'told', text: 'select setting from postlog.told' });
    expect(told.map(({ setting }) => setting)).toEqual(['plain', 'off', 'local', 'local']);
    await store.close();
    await other.close();
    await close();
  });
});
