import { checkDueTime, estimatedDueAt, LONGEST_DELAY_MS } from './due-time.js';

const NOW = Date.UTC(2026, 0, 1);

describe('when a send is due', () => {
  it('is a time, a wait, or not said', () => {
    expect(checkDueTime({ deliverAt: new Date(NOW + 5) }, NOW)).toEqual({ deliverAt: NOW + 5 });
    expect(checkDueTime({ deliverAt: NOW + LONGEST_DELAY_MS }, NOW)).toEqual({ deliverAt: NOW + LONGEST_DELAY_MS });
    expect(checkDueTime({ deliverAt: -1 }, NOW)).toEqual({ deliverAt: -1 });
    expect(checkDueTime({ delayMs: 0 }, NOW)).toEqual({ delayMs: 0 });
    expect(checkDueTime({ delayMs: LONGEST_DELAY_MS }, NOW)).toEqual({ delayMs: LONGEST_DELAY_MS });
    expect(checkDueTime({}, NOW)).toBeUndefined();
  });

  it('is never guessed', () => {
    const refused = (terms: object) => {
      try {
        return JSON.stringify(checkDueTime(terms, NOW));
      } catch (error) {
        return String(error);
      }
    };
    expect(refused({ deliverAt: undefined })).toMatch(/INVALID_CONFIG.*deliverAt is undefined; .*leave it out/);
    expect(refused({ deliverAt: '2026-01-01' })).toMatch(/deliverAt is "2026-01-01"; give a Date/);
    expect(refused({ deliverAt: new Date('soon') })).toMatch(/deliverAt is no valid date/);
    expect(refused({ deliverAt: NOW + 0.5 })).toMatch(/whole number/);
    expect(refused({ deliverAt: NOW + LONGEST_DELAY_MS + 1 })).toMatch(/deliverAt is 2036, more than ten years/);
    expect(refused({ deliverAt: Number.MAX_SAFE_INTEGER })).toMatch(/more than ten years/);
    for (const delayMs of [-1, 0.5, Number.NaN, Infinity, LONGEST_DELAY_MS + 1, '5', null, undefined, 5n, new Date()])
      expect(refused({ delayMs })).toMatch(/INVALID_CONFIG.*delayMs is .*; give a whole number of milliseconds/);
    expect(refused({ delayMs: 1, deliverAt: NOW })).toMatch(/both deliverAt and delayMs/);
  });

  it('is not before now, whatever was asked for', () => {
    expect(estimatedDueAt({ deliverAt: NOW - 1 }, NOW)).toBe(NOW);
    expect(estimatedDueAt({ deliverAt: NOW + 1 }, NOW)).toBe(NOW + 1);
    expect(estimatedDueAt({ delayMs: 3 }, NOW)).toBe(NOW + 3);
  });
});
