import { testDatabase, type TestDatabase } from '@postlog/core/testing';
import { jsonValues, QUICK, type Bench } from './bench.js';
import { LOG_MEASURES, runMeasures } from './log-bench.js';
import { line, median, quantile, table } from './report.js';

describe('the report', () => {
  it('compares with what was to be reached, in both directions', () => {
    expect(line('a', 2.5, '×', { atLeast: 2.5 })).toEqual({
      measure: 'a',
      value: 2.5,
      unit: '×',
      goal: '≥ 2.5',
      met: true,
    });
    expect(line('a', 2.49, '×', { atLeast: 2.5 }).met).toBe(false);
    expect(line('b', 3.01, 'ms', { atMost: 3 })).toMatchObject({ goal: '≤ 3', met: false });
    expect(line('c', 123_456.7, 'records/s')).toEqual({
      measure: 'c',
      value: 123_457,
      unit: 'records/s',
      goal: '',
      met: null,
    });
  });

  it('knows medians and quantiles', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([1, 2, 3, 4, 5], 0.99)).toBeCloseTo(4.96);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('is a table whose columns stand below one another', () => {
    const rows = table([line('short', 1, 'ms'), line('a longer one', 1_234, 'records/s', { atLeast: 5 })]).split('\n');
    expect(rows[2]).toBe('a longer one  1,234  records/s  ≥ 5       yes');
    expect(rows[1]!.indexOf('ms')).toBe(rows[2]!.indexOf('records/s'));
  });

  it('is made of values of 200 bytes of JSON that differ', () => {
    const values = jsonValues(100);
    expect(values.every((value) => Buffer.byteLength(value) === 200 && typeof JSON.parse(value) === 'object')).toBe(
      true,
    );
    expect(new Set(values).size).toBe(100);
  });
});

describe('every measure of the log', () => {
  it('runs to its end with tiny sizes', async () => {
    const databases: TestDatabase[] = [];
    const undos: (() => Promise<void> | void)[] = [];
    const skipped: string[] = [];
    const bench: Bench = {
      sizes: QUICK,
      database: async () => {
        const database = await testDatabase();
        databases.push(database);
        return database.url;
      },
      say: () => {},
      skip: (what) => skipped.push(what),
      onStop: (undo) => undos.push(undo),
    };
    const lines = await runMeasures(bench, Object.keys(LOG_MEASURES));
    for (const undo of undos.reverse()) await Promise.resolve(undo()).catch(() => {});
    for (const database of databases) await database.drop();
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter(({ value }) => !(value > 0)).map(({ measure }) => measure)).toEqual([]);
    expect(skipped).toEqual(['rivals']);
  }, 90_000);
});
