import { missedPlants } from './all-plants.js';
import { CLUSTER_PLANTS } from './cluster-plants.js';
import type { Outcome } from './outcome.js';

const outcome = (...codes: string[]): Outcome => ({
  verdict: codes.length === 0 ? 'clean' : 'anomalies',
  anomalies: codes.map((code) => ({ code, detail: '' })),
  summary: {},
});

describe('all planted faults', () => {
  it('are missed where a run is clean, or shows what another fault does', async () => {
    const lines: string[] = [];
    const run = async (plant: string) =>
      plant === 'skip-fence'
        ? outcome()
        : plant === 'no-dedup-after-failover'
          ? outcome('A33')
          : outcome('A33', CLUSTER_PLANTS[plant]!.harm[0]!);
    const missed = await missedPlants(run, (line) => lines.push(line));
    expect(missed).toEqual(['skip-fence', 'no-dedup-after-failover']);
    expect(lines).toHaveLength(Object.keys(CLUSTER_PLANTS).length);
    expect(lines).toContain('skip-fence: not found (clean)');
  });
});
