import { testDatabase, type TestDatabase } from '@postlog/core/testing';
import { QUICK, type Bench } from './bench.js';
import { Cleanup } from './cleanup.js';
import { LOG_MEASURES, runMeasures } from './log-bench.js';

describe('every measure of the log', () => {
  it('runs to its end with tiny sizes', async () => {
    const databases: TestDatabase[] = [];
    const cleanup = new Cleanup();
    const skipped: string[] = [];
    const bench: Bench = {
      sizes: QUICK,
      database: async () => {
        const database = await testDatabase();
        databases.push(database);
        return database.url;
      },
      say: () => {},
      skip: (what) => void skipped.push(what),
      note: () => {},
      onStop: cleanup.add,
    };
    const { lines, failures } = await runMeasures(bench, Object.keys(LOG_MEASURES));
    await cleanup.run();
    for (const database of databases) await database.drop();
    expect(failures).toEqual([]);
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter(({ value }) => !(value > 0)).map(({ measure }) => measure)).toEqual([]);
    expect(skipped).toEqual(['rivals']);
  }, 90_000);
});
