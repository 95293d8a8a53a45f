/** Production's loops on databases, clocks and a network that a seed rules; `npm run faults -- simulation` lives through far more seeds, far faster. */
import { simulate } from '../testing/simulation.js';

const SEEDS = 10;
const FOR_LONG = 120_000;

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

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

  it(
    'shows nothing but stale reads where a leader leads for ever: epochs fence what it writes',
    async () => {
      for (const seed of upTo(SEEDS)) {
        const { violation } = await simulate(seed, { mistakes: ['a leader leads for ever'], tolerated: ['Session'] });
        expect(violation).toBeUndefined();
      }
    },
    FOR_LONG,
  );
});
