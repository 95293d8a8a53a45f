import { planFaults } from './plan.js';

const OPTIONS = { seed: 1, lengthMs: 120_000, sessionTimeoutMs: 2_000, isCluster: false };

describe('the faults of a run', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(planFaults(OPTIONS)).toEqual(planFaults(OPTIONS));
    expect(planFaults(OPTIONS)).not.toEqual(planFaults({ ...OPTIONS, seed: 2 }));
  });

  it('are of every kind, stalls outlast a session, and each window has its quiet time', () => {
    const faults = planFaults(OPTIONS);
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(5);
    const stalls = faults.filter(({ kind }) => kind === 'stall-app');
    expect(stalls.every(({ lastsMs }) => lastsMs > 3_000)).toBe(true);
    expect(faults.every(({ atMs }) => atMs % 20_000 <= 14_000)).toBe(true);
  });

  it('begin with an app that is stopped alone', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const [first, second] = planFaults({ ...OPTIONS, seed });
      expect(first!.kind).toBe('stall-app');
      expect(second!.atMs).toBeGreaterThan(first!.atMs + first!.lastsMs + 2_000);
    }
  });

  it('kill leaders of a cluster, the first early, and let one come back before the next', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const faults = planFaults({ ...OPTIONS, seed, isCluster: true });
      expect(faults.some(({ kind }) => kind === 'kill-postgres' || kind === 'crash-postgres')).toBe(false);
      const kills = faults.filter(({ kind }) => kind === 'kill-leader');
      expect(kills.length).toBeGreaterThan(1);
      expect(kills[0]!.atMs).toBeLessThan(30_000);
      for (const [place, { atMs, lastsMs }] of kills.entries())
        expect((kills[place + 1]?.atMs ?? Infinity) - atMs - lastsMs).toBeGreaterThan(10_000);
    }
  });

  it('leave time to come back after the database was gone', () => {
    const faults = planFaults(OPTIONS);
    const gaps = faults.flatMap(({ kind, atMs }, place) =>
      kind.endsWith('postgres') && faults[place + 1] !== undefined ? [faults[place + 1]!.atMs - atMs] : [],
    );
    expect(gaps.length).toBeGreaterThan(2);
    expect(Math.min(...gaps)).toBeGreaterThan(5_000);
  });
});
