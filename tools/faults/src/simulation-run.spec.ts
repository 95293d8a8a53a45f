import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MAIN = join(__dirname, '..', 'dist', 'main.js');
const FOR_LONG = 600_000;

/** As users run it, in a process of its own: a simulation in jest's world takes twice as long. */
async function simulation(...args: readonly string[]) {
  const run = promisify(execFile)(process.execPath, [MAIN, 'simulation', ...args]);
  const { stdout, stderr, code } = await run.then(
    (printed) => ({ ...printed, code: 0 }),
    (failed: { stdout: string; stderr: string; code: number }) => failed,
  );
  return { code, stderr, told: JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown> };
}

describe('npm run faults -- simulation', () => {
  it(
    'keeps every promise in two thousand seeds, and loses what a leader alone had acknowledged',
    async () => {
      const { code, stderr, told } = await simulation();
      expect([code, told['verdict'], told['seeds'], stderr.includes('1500 of 2000')]).toEqual([
        0,
        'clean',
        2_000,
        true,
      ]);
      expect(Number(told['faults'])).toBeGreaterThan(5 * 2_000);
      expect(Number(told['acknowledged'])).toBeGreaterThan(10 * 2_000);
      expect(Number(told['lostOfLeaderAlone'])).toBeGreaterThan(0);
    },
    FOR_LONG,
  );

  it('ends with the first broken promise, what led to it, and how to see it again', async () => {
    const { code, stderr, told } = await simulation('--plant', 'acks before the high watermark');
    expect([code, told['verdict']]).toEqual([1, 'anomalies']);
    expect(told['violation']).toMatch(/was acknowledged to all .* lost|OUT_OF_ORDER/);
    expect(stderr).toContain(`--seed ${Number(told['violatedAt'])} --seeds 1 lives through it again`);
    expect(stderr).toMatch(/ ms {2}broker \d/);
  });
});
