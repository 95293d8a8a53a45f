import { judge, worstOf, type SubscriptionVitals } from './judge.js';

const well: SubscriptionVitals = { state: 'connected', silentMs: 100, idleMs: 100, lag: 0 };

describe('the health of a subscription', () => {
  it.each<[string, Partial<SubscriptionVitals>, string]>([
    ['well', {}, 'up'],
    ['idle for hours without anything to do', { idleMs: 9_999_999 }, 'up'],
    ['behind within its limit', { lag: 1_000 }, 'up'],
    ['too far behind', { lag: 1_001 }, 'degraded'],
    ['silent for too long', { silentMs: 5_001 }, 'down'],
    ['stuck with work to do', { lag: 1, idleMs: 5_001 }, 'down'],
    ['crashed', { state: 'crashed' }, 'down'],
    ['stopped', { state: 'stopped' }, 'down'],
    ['in a rebalance', { state: 'rebalancing' }, 'up'],
    ['of unknown lag', { lag: undefined, idleMs: 9_999 }, 'up'],
  ])('is told when it is %s', (_title, vitals, expected) => {
    const { status, reason } = judge({ ...well, ...vitals }, { maxLag: 1_000, maxSilenceMs: 5_000 });
    expect(status).toBe(expected);
    expect(reason === undefined).toBe(expected === 'up');
  });

  it('of all is that of the worst', () => {
    expect([worstOf([]), worstOf(['up', 'degraded']), worstOf(['degraded', 'down', 'up'])]).toEqual([
      'up',
      'degraded',
      'down',
    ]);
  });
});
