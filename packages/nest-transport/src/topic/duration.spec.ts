import { milliseconds, type Duration } from './duration.js';

describe('a span of time', () => {
  it.each([
    [1_500, 1_500],
    [0, 0],
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
  ] as const)('%j is %d milliseconds', (given, expected) => {
    expect(milliseconds(given, 'retention')).toBe(expected);
  });

  it.each(['7 days', '-1s', 'd', 1.5, -1, Number.NaN, null])('%j is refused with what to give', (given) => {
    expect(() => milliseconds(given as Duration, 'retention')).toThrow(/retention is .*like '7d'/);
  });
});
