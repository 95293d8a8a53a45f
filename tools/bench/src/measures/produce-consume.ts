import type { Bench, Measure } from '../bench.js';
import type { Contender } from '../contenders/contender.js';
import { graphileContender } from '../contenders/graphile-worker.js';
import { jetstreamContender } from '../contenders/jetstream.js';
import { pgBossContender } from '../contenders/pg-boss.js';
import { postlogContender } from '../contenders/postlog.js';
import { onPath } from '../contenders/process.js';
import { redisContender } from '../contenders/redis-streams.js';
import { skipLockedContender } from '../contenders/skip-locked.js';
import { within } from '@postlog/core/testing';
import { line, median, type Goal, type Line } from '../report.js';
import { jsonValues } from '../values.js';
import { checksum } from '../workload.js';

const OURS = 'postlog';
/** Before it counts, everybody runs a little: the first to run would else pay for warming up the process and the machine. */
const WARM_UP_RECORDS = 20_000;
const STEP_DEADLINE_MS = 120_000;

const GOALS: readonly { readonly what: 'produce' | 'consume'; readonly rival: string; readonly goal: Goal }[] = [
  { what: 'produce', rival: 'redis-streams', goal: { atLeast: 2.5 } },
  { what: 'produce', rival: 'graphile-worker', goal: { atLeast: 5 } },
  { what: 'consume', rival: 'redis-streams', goal: { atLeast: 2 } },
  { what: 'consume', rival: 'graphile-worker', goal: { atLeast: 20 } },
];

interface Entrant {
  readonly contender: Contender;
  readonly produce: number[];
  readonly consume: number[];
  hasFailed: boolean;
}

/** The same records through Postlog and through what a team would pick instead; rounds take turns, so that noise hits all alike. */
export const produceConsume: Measure = async (bench) => {
  const { records, rivalRecords, rounds, rivalRounds } = bench.sizes;
  const entrants = await enterAll(bench);
  const values = jsonValues(Math.max(records, rivalRecords));
  const attempt = async (entrant: Entrant, run: () => Promise<void>) => {
    if (entrant.hasFailed) return;
    try {
      await run();
    } catch (error) {
      if (entrant.contender.name === OURS) throw error;
      entrant.hasFailed = true; // A rival that fails must not take the rest with it.
      bench.skip(entrant.contender.name, error instanceof Error ? error.message : String(error));
    }
  };
  const warmUp = values.slice(0, Math.min(WARM_UP_RECORDS, rivalRecords));
  for (const entrant of entrants) await attempt(entrant, async () => void (await runRound(entrant.contender, warmUp)));
  for (let round = 0; round < Math.max(rounds, rivalRounds); round++) {
    for (const entrant of entrants) {
      const { name } = entrant.contender;
      const [count, most] = name === OURS ? [records, rounds] : [rivalRecords, rivalRounds];
      if (round >= most) continue;
      await attempt(entrant, async () => {
        const { produce, consume } = await runRound(entrant.contender, values.slice(0, count));
        entrant.produce.push(produce);
        entrant.consume.push(consume);
        bench.say(`round ${round + 1}: ${name} produces ${Math.round(produce)}/s, consumes ${Math.round(consume)}/s`);
      });
    }
  }
  await Promise.all(entrants.map(({ contender }) => contender.close()));
  return linesOf(entrants.filter(({ hasFailed }) => !hasFailed));
};

/** Answers records a second. */
async function runRound(
  contender: Contender,
  values: readonly string[],
): Promise<{ produce: number; consume: number }> {
  const step = <T>(what: string, work: Promise<T> | undefined) =>
    within(Promise.resolve(work), STEP_DEADLINE_MS, `${contender.name}: ${what}`);
  await step('preparing', contender.prepare());
  const produced = await step('producing', contender.produce(values));
  await step('settling', contender.settle?.());
  const before = checksum();
  const consumed = await step('consuming', contender.consume(values.length));
  if (checksum() - before !== totalOf(values))
    throw new Error(`${contender.name} consumed other records than it produced`);
  return { produce: values.length / produced!, consume: values.length / consumed! };
}

function totalOf(values: readonly string[]): number {
  return values.reduce((sum, value) => sum + (JSON.parse(value) as { total: number }).total, 0);
}

function linesOf(entrants: readonly Entrant[]): Line[] {
  const named = (name: string) => entrants.find(({ contender }) => contender.name === name);
  const plain = (['produce', 'consume'] as const).flatMap((what) =>
    entrants.map((entrant) => line(`${what} ${entrant.contender.name}`, median(entrant[what]), 'records/s')),
  );
  const ratios = GOALS.flatMap(({ what, rival, goal }) => {
    const against = named(rival);
    if (against === undefined) return [];
    return [line(`${what} ${OURS} ÷ ${rival}`, median(named(OURS)![what]) / median(against[what]), '×', goal)];
  });
  return [...plain, ...ratios];
}

async function enterAll(bench: Bench): Promise<Entrant[]> {
  const entrants: Entrant[] = [];
  const enter = async (name: string, make: () => Promise<Contender> | Contender) => {
    try {
      const contender = await make();
      bench.onStop(() => contender.close());
      bench.say(`${contender.name}: ${contender.note}`);
      entrants.push({ contender, produce: [], consume: [], hasFailed: false });
    } catch (error) {
      if (name === OURS) throw error;
      bench.skip(name, error instanceof Error ? error.message : String(error));
    }
  };
  await enter(OURS, async () => postlogContender(await bench.database()));
  if (bench.sizes.rivalRecords < 1_000) {
    bench.skip('rivals', 'a quick run measures nothing');
    return entrants;
  }
  bench.note('one Node process is the client of every contender, and all share the cores with their servers');
  bench.note(
    'postlog compresses batches with lz4 as it comes, the others have no such thing; "compression none" shows it without',
  );
  await enter('postlog, compression none', async () => postlogContender(await bench.database(), 'none'));
  await enter('skip-locked', async () => skipLockedContender(await bench.database()));
  await enter('graphile-worker', async () => graphileContender(await bench.database()));
  await enter('pg-boss', async () => pgBossContender(await bench.database()));
  await enterServer(bench, enter, { program: 'redis-server', name: 'redis-streams', make: redisContender });
  await enterServer(bench, enter, { program: 'nats-server', name: 'jetstream', make: jetstreamContender });
  return entrants;
}

async function enterServer(
  bench: Bench,
  enter: (name: string, make: () => Promise<Contender>) => Promise<void>,
  rival: { program: string; name: string; make: (path: string, onStop: Bench['onStop']) => Promise<Contender> },
): Promise<void> {
  const path = onPath(rival.program);
  if (path === undefined) bench.skip(rival.name, `${rival.program} is not on the PATH`);
  else await enter(rival.name, () => rival.make(path, bench.onStop));
}
