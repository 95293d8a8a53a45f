import { planFaults, WINDOW_MS } from './plan.js';

const plan = (seed: number, lengthMs = 600_000) => planFaults({ seed, lengthMs });
const windowOf = (atMs: number) => Math.floor(atMs / WINDOW_MS);

describe('a schedule of faults in a cluster', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(plan(1)).toEqual(plan(1));
    expect(plan(1)).not.toEqual(plan(2));
  });

  it('leaves one window of four quiet, and takes everything back within its window', () => {
    const faults = plan(3);
    const busy = new Set(faults.map(({ atMs }) => windowOf(atMs)));
    for (let window = 0; window < 60; window += 4) {
      expect([0, 1, 2, 3].filter((place) => !busy.has(window + place))).toHaveLength(1);
    }
    expect(faults.filter(({ atMs, lastsMs }) => windowOf(atMs + lastsMs) !== windowOf(atMs))).toEqual([]);
  });

  it('has every kind, in every direction, with a fault in even the shortest run', () => {
    const faults = plan(4);
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(16);
    expect(new Set(faults.map(({ direction }) => direction))).toEqual(new Set(['both', 'requests', 'replies']));
    for (let seed = 0; seed < 50; seed++) expect(plan(seed, 8_000).length).toBeGreaterThan(0);
  });
});
