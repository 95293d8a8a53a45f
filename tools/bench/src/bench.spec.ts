import { Cleanup, testDatabase, type TestDatabase } from '@postlog/core/testing';
import { QUICK, type Bench, type Measure } from './bench.js';
import { GROUP_MEASURES } from './group-bench.js';
import { LOG_MEASURES } from './log-bench.js';
import { OUTBOX_MEASURES } from './outbox-bench.js';
import { NEST_MEASURES } from './nest-bench.js';
import { runMeasures, type Outcome } from './run-measures.js';

async function runQuickly(measures: Readonly<Record<string, Measure>>): Promise<Outcome & { skipped: string[] }> {
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
  const outcome = await runMeasures(bench, measures, Object.keys(measures));
  await cleanup.run();
  for (const database of databases) await database.drop();
  return { ...outcome, skipped };
}

describe('every measure of groups', () => {
  it('runs to its end with tiny sizes', async () => {
    const { lines, failures } = await runQuickly(GROUP_MEASURES);
    expect(failures).toEqual([]);
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter(({ value }) => Number.isNaN(value))).toEqual([]);
  }, 90_000);
});

describe('every measure of the outbox', () => {
  it('runs to its end with tiny sizes', async () => {
    const { lines, failures } = await runQuickly(OUTBOX_MEASURES);
    expect(failures).toEqual([]);
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter(({ value }) => !(value > 0)).map(({ measure }) => measure)).toEqual([]);
  }, 150_000);
});

describe('every measure of the log', () => {
  it('runs to its end with tiny sizes', async () => {
    const { lines, failures, skipped } = await runQuickly(LOG_MEASURES);
    expect(failures).toEqual([]);
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter(({ value }) => !(value > 0)).map(({ measure }) => measure)).toEqual([]);
    expect(skipped).toEqual(['rivals']);
  }, 90_000);
});

describe('every measure of the Nest transport', () => {
  it('runs to its end with tiny sizes', async () => {
    const { lines, failures } = await runQuickly(NEST_MEASURES);
    expect(failures).toEqual([]);
    expect(lines.length).toBeGreaterThan(11);
    const none = ['requests lost', 'requests with an answer to another'];
    expect(lines.filter(({ value }) => !(value > 0)).map(({ measure }) => measure)).toEqual(none);
  }, 90_000);
});
