import pg from 'pg';
import { openDatabase } from '../testing/open-database.js';
import { testDatabase, type TestDatabase } from '../testing/test-database.js';
import { checkConnectionUrl } from './connection-url.js';
import { toPostlogError } from './postgres-error.js';

const SLEEP = { name: 'sleep', text: 'select pg_sleep($1::float8)' };
const ONE = { name: 'one', text: 'select 1::bigint as one' };

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

describe('the database', () => {
  it('ends a statement at its deadline, calls the outcome unknown, and goes on with a fresh connection', async () => {
    const database = openDatabase(test.url, { requestTimeout: 100 });
    await expect(database.query(SLEEP, [5])).rejects.toMatchObject({ code: 'REQUEST_TIMED_OUT', outcome: 'unknown' });
    expect(await database.query(ONE)).toEqual([{ one: 1n }]);
    await database.close();
  });

  it('survives the end of idle and of busy connections', async () => {
    const database = openDatabase(test.url);
    const killer = new pg.Client({ connectionString: test.url });
    await killer.connect();
    const killOthers = () =>
      killer.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
    const untilItAnswers = async () => {
      for (let attempt = 0; attempt < 20; attempt++) {
        const answer = await database.query(ONE).catch(() => undefined);
        if (answer !== undefined) return answer;
      }
      return undefined;
    };
    await database.query(ONE);
    await killOthers(); // An idle connection ends.
    expect(await untilItAnswers()).toEqual([{ one: 1n }]);

    const busy = database.query(SLEEP, [10]);
    const outcome = expect(busy).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION', outcome: 'unknown' });
    const isBusy = `select from pg_stat_activity
                     where datname = current_database() and wait_event = 'PgSleep' and pid <> pg_backend_pid()`;
    while ((await killer.query(isBusy)).rowCount === 0);
    await killOthers();
    await outcome;
    expect(await untilItAnswers()).toEqual([{ one: 1n }]);
    await killer.end();
    await database.close();
  });

  it('does not hear of type parsers that the host application registers', async () => {
    const original = pg.types.getTypeParser(20);
    pg.types.setTypeParser(20, Number);
    const database = openDatabase(test.url);
    expect(await database.query({ name: 'max', text: 'select 9223372036854775807::bigint as n' })).toEqual([
      { n: 2n ** 63n - 1n },
    ]);
    await database.close();
    pg.types.setTypeParser(20, original);
  });

  it('composes nothing but integers into a copy', async () => {
    const database = openDatabase(test.url);
    const copy = { name: 'copy', text: 'select $1' };
    await expect(database.copyOut(copy, [1.5])).rejects.toThrow('only integers');
    await expect(database.copyOut(copy, [["1'" as unknown as number]])).rejects.toThrow('only integers');
    await database.close();
  });
});

describe('errors of Postgres', () => {
  const withCode = (code: string) => Object.assign(new Error('said so'), { code });

  it.each([
    ['08006', true, 'NETWORK_EXCEPTION', 'unknown'],
    ['57P01', true, 'NETWORK_EXCEPTION', 'unknown'],
    ['ECONNRESET', true, 'NETWORK_EXCEPTION', 'unknown'],
    ['EPIPE', true, 'NETWORK_EXCEPTION', 'unknown'],
    ['ECONNREFUSED', false, 'NETWORK_EXCEPTION', 'failed'],
    ['40001', true, 'KAFKA_STORAGE_ERROR', 'failed'],
    ['40P01', true, 'KAFKA_STORAGE_ERROR', 'failed'],
    ['53100', true, 'KAFKA_STORAGE_ERROR', 'failed'],
    ['53300', false, 'BROKER_NOT_AVAILABLE', 'failed'],
    ['28P01', false, 'CLUSTER_AUTHORIZATION_FAILED', 'failed'],
    ['3D000', false, 'UNSUPPORTED_DATABASE', 'failed'],
    ['57014', true, 'REQUEST_TIMED_OUT', 'failed'],
    ['22P02', true, 'UNKNOWN_SERVER_ERROR', 'failed'],
  ])('%s (sent: %s) is %s, %s', (state, sent, code, outcome) => {
    expect(toPostlogError(withCode(state), { sent })).toMatchObject({ code, outcome });
  });
});

describe('connection urls', () => {
  it.each(['postgres://u:p@h/d', 'postgresql://h:5432/d?sslmode=verify-full', 'postgres://u:p%40%2F%23@h/d'])(
    'takes %s',
    (url) => {
      expect(checkConnectionUrl(url)).toBe(url);
    },
  );

  it.each([
    undefined,
    '',
    '   ',
    'nonsense',
    'mysql://u:canary@h/d',
    'postgres://u:canary#/@h/d',
    'postgres://u:canary@h/d?sslmode=maybe',
    7,
  ])('refuses %s and never repeats it', (url) => {
    expect(() => checkConnectionUrl(url)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', message: expect.not.stringContaining('canary') as string }),
    );
  });
});
