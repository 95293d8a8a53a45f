import { ending, GOOD, logging } from './check/good-history.js';
import { outcomeOf } from './outcome.js';

describe('the outcome of a run', () => {
  it('is clean where everything is as promised', () => {
    const { verdict, anomalies, summary } = outcomeOf(GOOD);
    expect(anomalies).toEqual([]);
    expect(verdict).toBe('clean');
    expect(summary).toMatchObject({
      published: { committed: 4, rolledBack: 1, unknown: 0, rows: 4 },
      duringFaults: { orders: 3, transfers: 1, copiers: 1, landers: 1, tellers: 1, triers: 1, parkers: 1 },
      failing: { deadLetters: { triers: 2, parkers: 1 }, parkersRetried: 0, parkedAtTheEnd: 2 },
      zombiesAborted: 1,
      takeOvers: 2,
      faults: { 'stall-app': 1 },
    });
  });

  it.each([
    ['anomalies', logging('copies', 's:0')],
    ['anomalies', { ...GOOD, events: [...GOOD.events, { f: 'crash', proc: 'a', detail: 'it ended' } as const] }],
    ['anomalies', ending({ deadLetters: {} })],
    ['inconclusive', { ...GOOD, events: GOOD.events.filter(({ f }) => f !== 'fault') }],
    ['inconclusive', { ...GOOD, events: GOOD.events.filter(({ f }) => f !== 'attempt') }],
    ['inconclusive', { ...GOOD, events: GOOD.events.filter((event) => event.f !== 'publish') }],
    ['inconclusive', { ...GOOD, events: GOOD.events.filter((event) => event.f !== 'handle') }],
  ])('is %s otherwise', (verdict, history) => {
    expect(outcomeOf(history).verdict).toBe(verdict);
  });
});
