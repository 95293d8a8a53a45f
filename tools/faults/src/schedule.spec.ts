import { planFaults } from './schedule.js';

const plan = (seed: number) => planFaults({ seed, lengthMs: 180_000, sessionTimeoutMs: 2_000, mostGrowths: 2 });

describe('a schedule of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(plan(1)).toEqual(plan(1));
    expect(plan(1)).not.toEqual(plan(2));
  });

  it('has every kind, stops for longer than a session, and leaves quiet windows', () => {
    const faults = plan(3);
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(['kill', 'stop', 'leave', 'join', 'grow']));
    expect(faults.filter(({ kind, lastsMs }) => kind === 'stop' && lastsMs <= 2_000)).toEqual([]);
    expect(faults.filter(({ atMs }) => atMs % 30_000 > 22_000)).toEqual([]);
    expect(faults.filter(({ kind }) => kind === 'grow')).toHaveLength(2);
  });
});
