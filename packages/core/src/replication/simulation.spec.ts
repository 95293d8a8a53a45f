/**
 * Production's loops on databases, clocks and a network that a seed rules. `POSTLOG_SIMULATION_SEED=7` lives through seed
 * 7 alone, `POSTLOG_SIMULATION_SEEDS=100000` through so many.
 */
import { simulate, type SimulationReport } from '../testing/simulation.js';
import type { Mistake } from '../testing/simulation-mistakes.js';

const REPLAYED = process.env['POSTLOG_SIMULATION_SEED'];
const SEEDS = Number(process.env['POSTLOG_SIMULATION_SEEDS'] ?? 2_000);
const FOR_LONG = 3_600_000;

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

function story({ seed, violation, trace }: SimulationReport): string {
  return `${violation}\n${trace.join('\n')}\nPOSTLOG_SIMULATION_SEED=${seed} lives through it again.`;
}

/** Of seeds from 1 on, the first that finds something. */
async function firstViolation(most: number, mistake: Mistake, tolerated: readonly string[] = []) {
  for (const seed of upTo(most)) {
    const { violation } = await simulate(seed, { mistakes: [mistake], tolerated });
    if (violation !== undefined) return violation;
  }
  return undefined;
}

describe('a cluster in a simulation', () => {
  it(
    'keeps every promise, whatever is late, lost, frozen, cut off or dead, and is whole again afterwards',
    async () => {
      const seeds = REPLAYED === undefined ? upTo(SEEDS) : [Number(REPLAYED)];
      const sum = { events: 0, faults: 0, acknowledged: 0, lost: 0 };
      for (const seed of seeds) {
        const report = await simulate(seed);
        if (report.violation !== undefined) throw new Error(story(report));
        if (REPLAYED !== undefined) console.info(report.trace.join('\n'));
        for (const key of ['events', 'faults', 'acknowledged', 'lost'] as const) sum[key] += report[key];
      }
      console.info(`${seeds.length} seeds: ${JSON.stringify(sum)}`);
      expect(sum.faults).toBeGreaterThan(5 * seeds.length);
      expect(sum.acknowledged).toBeGreaterThan(3 * seeds.length);
    },
    FOR_LONG,
  );

  it('is the same for the same seed, to the last event', async () => {
    const [one, other] = [await simulate(11), await simulate(11)];
    expect(other).toEqual(one);
    expect((await simulate(12)).fingerprint).not.toBe(one.fingerprint);
  });
});

describe('the simulation', () => {
  it.each<readonly [Mistake, number, RegExp]>([
    ['acks before the high watermark', 30, /was acknowledged to all .* lost|OUT_OF_ORDER/],
    ['producers are not copied', 30, /stored twice|OUT_OF_ORDER/],
    ['an ISR is changed without comparing epochs', 100, /R1|R5/],
    ['a repeat is answered before the high watermark', 60, /was acknowledged to all .* lost|OUT_OF_ORDER/],
    ['a follower truncates to its high watermark', 30, /R5|R7/],
    ['a log is cut that nobody was asked about', 500, /R5|R7/],
    ['a leader leads for ever', 30, /Session/],
    ['a leader leads on before it hears', 300, /Session/],
  ])(
    'finds out that %s, within %d seeds',
    async (mistake, most, found) => {
      expect(await firstViolation(most, mistake)).toMatch(found);
    },
    FOR_LONG,
  );

  it(
    'finds nothing but stale reads where a leader leads for ever: epochs fence what it writes',
    async () => {
      expect(await firstViolation(60, 'a leader leads for ever', ['Session'])).toBeUndefined();
    },
    FOR_LONG,
  );

  it(
    'finds nothing where a controller is not fenced: every entry that it changes is compared',
    async () => {
      expect(await firstViolation(60, 'a controller is not fenced')).toBeUndefined();
    },
    FOR_LONG,
  );
});
