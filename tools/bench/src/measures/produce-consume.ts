import { jsonValues, type Bench, type Measure } from '../bench.js';
import type { Contender } from '../contenders/contender.js';
import { graphileContender } from '../contenders/graphile-worker.js';
import { jetstreamContender } from '../contenders/jetstream.js';
import { pgBossContender } from '../contenders/pg-boss.js';
import { postlogContender } from '../contenders/postlog.js';
import { onPath } from '../contenders/process.js';
import { redisContender } from '../contenders/redis-streams.js';
import { skipLockedContender } from '../contenders/skip-locked.js';
import { line, median, type Goal, type Line } from '../report.js';

/** pg-boss would take minutes for more. */
const PG_BOSS_RECORDS = 20_000;

const GOALS: readonly { readonly what: 'produce' | 'consume'; readonly rival: string; readonly goal: Goal }[] = [
  { what: 'produce', rival: 'redis-streams', goal: { atLeast: 2.5 } },
  { what: 'produce', rival: 'graphile-worker', goal: { atLeast: 5 } },
  { what: 'consume', rival: 'redis-streams', goal: { atLeast: 2 } },
  { what: 'consume', rival: 'graphile-worker', goal: { atLeast: 20 } },
];

interface Rates {
  readonly produce: number[];
  readonly consume: number[];
}

/** The same records through Postlog and through what a team would pick instead; rounds take turns, so that noise hits all alike. */
export const produceConsume: Measure = async (bench) => {
  const contenders = await enterAll(bench);
  const rates = new Map(contenders.map(({ name }): [string, Rates] => [name, { produce: [], consume: [] }]));
  const { records, rivalRecords, rounds, rivalRounds } = bench.sizes;
  const values = jsonValues(Math.max(records, rivalRecords));
  for (const { name, note } of contenders) bench.say(`${name}: ${note}`);
  for (let round = 0; round < Math.max(rounds, rivalRounds); round++) {
    for (const contender of contenders) {
      const isOurs = contender.name === 'postlog';
      if (round >= (isOurs ? rounds : rivalRounds)) continue;
      const count = isOurs ? records : Math.min(contender.records ?? rivalRecords, rivalRecords);
      await contender.prepare();
      const produced = count / (await contender.produce(values.slice(0, count)));
      const consumed = count / (await contender.consume(count));
      rates.get(contender.name)!.produce.push(produced);
      rates.get(contender.name)!.consume.push(consumed);
      bench.say(
        `round ${round + 1}: ${contender.name} produces ${Math.round(produced)}/s, consumes ${Math.round(consumed)}/s`,
      );
    }
  }
  await Promise.all(contenders.map((contender) => contender.close()));
  return linesOf(rates);
};

function linesOf(rates: ReadonlyMap<string, Rates>): Line[] {
  const plain = (['produce', 'consume'] as const).flatMap((what) =>
    [...rates].map(([name, each]) => line(`${what} ${name}`, median(each[what]), 'records/s')),
  );
  const ratios = GOALS.filter(({ rival }) => rates.has(rival)).map(({ what, rival, goal }) =>
    line(
      `${what} postlog ÷ ${rival}`,
      median(rates.get('postlog')![what]) / median(rates.get(rival)![what]),
      '×',
      goal,
    ),
  );
  return [...plain, ...ratios];
}

async function enterAll(bench: Bench): Promise<Contender[]> {
  const contenders: Contender[] = [];
  const enter = async (make: Promise<Contender> | Contender) => {
    const contender = await make;
    contenders.push(contender);
    bench.onStop(() => contender.close());
  };
  await enter(postlogContender(await bench.database()));
  if (bench.sizes.rivalRecords < 1_000) {
    bench.skip('rivals', 'a quick run measures nothing');
    return contenders;
  }
  await enter(skipLockedContender(await bench.database()));
  await enter(graphileContender(await bench.database()));
  await enter(pgBossContender(await bench.database(), PG_BOSS_RECORDS));
  const redis = onPath('redis-server');
  if (redis === undefined) bench.skip('redis-streams', 'redis-server is not on the PATH');
  else await enter(redisContender(redis));
  const nats = onPath('nats-server');
  if (nats === undefined) bench.skip('jetstream', 'nats-server is not on the PATH');
  else await enter(jetstreamContender(nats));
  return contenders;
}
