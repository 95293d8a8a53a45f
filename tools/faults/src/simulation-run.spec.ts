import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const FOR_LONG = 600_000;

/** As users run it, in a process of its own: in jest's world a seed takes ten times as long. */
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

  it.each<readonly [mistake: string, found: RegExp]>([
    ['acks before the high watermark', /was acknowledged to all .* lost|OUT_OF_ORDER/],
    ['producers are not copied', /stored twice|OUT_OF_ORDER/],
    ['an ISR is changed without comparing epochs', /R1|R5/],
    ['a repeat is answered before the high watermark', /was acknowledged to all .* lost|OUT_OF_ORDER/],
    ['a follower truncates to its high watermark', /R5|R7/],
    ['a log is cut that nobody was asked about', /R5|R7/],
    ['a leader leads for ever', /Session/],
    ['a leader leads on before it hears', /Session/],
  ])(
    'finds out that %s, and tells what led to it and how to see it again',
    async (mistake, found) => {
      const { code, stderr, told } = await simulation('--plant', mistake);
      expect([code, told['verdict']]).toEqual([1, 'anomalies']);
      expect(told['violation']).toMatch(found);
      expect(stderr).toContain(`--seed ${Number(told['violatedAt'])} --seeds 1 lives through it again`);
      expect(stderr).toMatch(/ ms {2}broker \d/);
    },
    FOR_LONG,
  );

  it(
    'finds nothing where a controller is not fenced: every entry that it changes is compared',
    async () => {
      expect(await simulation('--plant', 'a controller is not fenced', '--seeds', '200')).toMatchObject({ code: 0 });
    },
    FOR_LONG,
  );
});
