import pg from 'pg';
import { systemClock } from '../runtime/clock.js';
import { openDatabase } from '../testing/open-database.js';
import { testDatabase } from '../testing/test-database.js';
import { startListener } from './listener.js';

describe('a listener', () => {
  it('leaves no connection behind, also when it is stopped while it opens one', async () => {
    const test = await testDatabase();
    const database = openDatabase(test.url);
    const listener = startListener({
      database,
      channel: 'news',
      clock: systemClock,
      random: Math.random,
      onPayload: () => {},
      onLive: () => {},
      onError: () => {},
    });
    await listener.stop();
    await database.close();
    const observer = new pg.Client({ connectionString: test.url });
    await observer.connect();
    const others = `select pid from pg_stat_activity
                     where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;
    expect((await observer.query(others)).rows).toEqual([]);
    await observer.end();
    await test.drop();
  });
});
