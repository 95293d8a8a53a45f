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
});
