/** Production's loops on databases, clocks and a network that a seed rules; `npm run faults -- simulation` lives through many more seeds. */
import { simulate, type SimulationOptions } from '../testing/simulation.js';
import type { Mistake } from '../testing/simulation-mistakes.js';

const SEEDS = 60;
const FOR_LONG = 300_000;

const ANYWHERE: SimulationOptions = {};
/** Where some mistakes show far more often than in worlds of all kinds. */
const LATE_ORDERS_TO_TRUNCATE: SimulationOptions = {
  faultsForMs: 10_000,
  faults: ['crash', 'stop in order', 'freeze', 'cut off process'],
  weather: { lateChance: 0.5, lateCalls: ['truncate', 'restartAt'] },
};
const FROZEN_AND_IN_THE_DARK: SimulationOptions = { faultsForMs: 15_000, faults: ['freeze', 'client in the dark'] };

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

/** Of seeds from 1 on, the first that finds something. */
async function firstViolation(most: number, mistake: Mistake, where: SimulationOptions = {}) {
  for (const seed of upTo(most)) {
    const { violation } = await simulate(seed, { ...where, mistakes: [mistake] });
    if (violation !== undefined) return violation;
  }
  return undefined;
}

describe('a cluster in a simulation', () => {
  it(
    'keeps every promise, whatever is late, lost, frozen, cut off or dead, and is whole again afterwards',
    async () => {
      const sum = { faults: 0, acknowledged: 0 };
      for (const seed of upTo(SEEDS)) {
        const { violation, trace, faults, acknowledged } = await simulate(seed);
        if (violation !== undefined) throw new Error(`seed ${seed}: ${violation}\n${trace.join('\n')}`);
        sum.faults += faults;
        sum.acknowledged += acknowledged;
      }
      expect(sum.faults).toBeGreaterThan(5 * SEEDS);
      expect(sum.acknowledged).toBeGreaterThan(3 * SEEDS);
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
  it.each<readonly [mistake: Mistake, seeds: number, found: RegExp, where: SimulationOptions]>([
    ['acks before the high watermark', 60, /was acknowledged to all .* lost|OUT_OF_ORDER/, ANYWHERE],
    ['producers are not copied', 60, /stored twice|OUT_OF_ORDER/, ANYWHERE],
    ['an ISR is changed without comparing epochs', 500, /R1|R5/, ANYWHERE],
    ['a repeat is answered before the high watermark', 300, /was acknowledged to all .* lost|OUT_OF_ORDER/, ANYWHERE],
    ['a follower truncates to its high watermark', 60, /R5|R7/, ANYWHERE],
    ['a log is cut that nobody was asked about', 150, /R5|R7/, LATE_ORDERS_TO_TRUNCATE],
    ['a leader leads for ever', 60, /Session/, ANYWHERE],
    ['a leader leads on before it hears', 300, /Session/, FROZEN_AND_IN_THE_DARK],
  ])(
    'finds out that %s, within %d seeds',
    async (mistake, most, found, where) => {
      expect(await firstViolation(most, mistake, where)).toMatch(found);
    },
    FOR_LONG,
  );

  it(
    'finds nothing but stale reads where a leader leads for ever: epochs fence what it writes',
    async () => {
      expect(await firstViolation(60, 'a leader leads for ever', { tolerated: ['Session'] })).toBeUndefined();
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
