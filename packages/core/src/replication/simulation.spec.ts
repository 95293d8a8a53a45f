import { simulate } from '../testing/simulation.js';

/** One seed replays its run; more of them look farther. */
const ONE = process.env['POSTLOG_SIMULATION_SEED'];
const COUNT = Number(process.env['POSTLOG_SIMULATION_SEEDS'] ?? 40);
const SEEDS = ONE === undefined ? Array.from({ length: COUNT }, (_, index) => index + 1) : [Number(ONE)];

describe('brokers on databases, clocks and a network that a seed rules', () => {
  it('keep every promise, whatever crashes, is lost or comes late', async () => {
    let acknowledged = 0;
    let faults = 0;
    for (const seed of SEEDS) {
      const report = await simulate(seed);
      if (report.violation !== undefined) {
        throw new Error(`seed ${seed}: ${report.violation}\n${report.trace.join('\n')}`);
      }
      acknowledged += report.acknowledged;
      faults += report.faults;
    }
    expect(acknowledged).toBeGreaterThan(SEEDS.length);
    expect(faults).toBeGreaterThan(SEEDS.length);
  }, 600_000);

  it('live through a seed in the same way every time', async () => {
    const [one, other] = [await simulate(7), await simulate(7)];
    expect(other.fingerprint).toBe(one.fingerprint);
    expect((await simulate(8)).fingerprint).not.toBe(one.fingerprint);
  }, 60_000);

  it('are caught when acks are given before the high watermark has passed', async () => {
    const found = [];
    for (let seed = 1; seed <= 60 && found.length === 0; seed++) {
      const { violation } = await simulate(seed, { mistakes: ['acks before the high watermark'] });
      if (violation !== undefined) found.push(violation);
    }
    expect(found).toHaveLength(1);
  }, 120_000);
});
