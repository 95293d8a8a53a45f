import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nearestName } from '@postlog/core';
import { startEmbeddedPostgres } from '@postlog/core/testing';
import { FULL, QUICK, type Bench } from './bench.js';
import { LOG_MEASURES, runMeasures } from './log-bench.js';
import { table } from './report.js';

const MEASURES = Object.keys(LOG_MEASURES);
const HELP = `npm run bench -- log [options]

Measures the log beside what a team would pick instead, on an embedded Postgres (fsync and synchronous commit on).

  --json FILE     write [{ measure, value, unit, goal, met }] too
  --only A,B      only these measures: ${MEASURES.join(', ')}
  --quick         the same code with tiny sizes: shows that it runs, measures nothing
  --help          show this
`;

const undos: (() => Promise<void> | void)[] = [];
const say = (text: string) => process.stderr.write(`${text}\n`);

async function stop(): Promise<void> {
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) await Promise.resolve(undo()).catch(() => {});
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      json: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const names = values.only?.split(',') ?? MEASURES;
  const unknown = names.find((name) => !MEASURES.includes(name));
  if (positionals.length !== 1 || positionals[0] !== 'log') throw new TypeError('say what to measure: log');
  if (unknown !== undefined)
    throw new TypeError(
      `there is no measure "${unknown}"; did you mean ${nearestName(unknown, MEASURES) ?? MEASURES.join(', ')}?`,
    );

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().then(() => process.exit(130)));
  const server = await startEmbeddedPostgres({ settings: { max_connections: '200' } });
  undos.push(() => server.stop());
  let databases = 0;
  const skipped: string[] = [];
  const bench: Bench = {
    sizes: values.quick === true ? QUICK : FULL,
    database: () => server.createDatabase(`bench_${databases++}`),
    say,
    skip: (what, why) => skipped.push(`skipped ${what}: ${why}`),
    onStop: (undo) => undos.push(undo),
  };
  const startedAt = performance.now();
  const lines = await runMeasures(bench, names);
  await stop();
  process.stdout.write(`${table(lines)}\n`);
  for (const line of skipped) process.stdout.write(`${line}\n`);
  say(`took ${Math.round((performance.now() - startedAt) / 1000)} s`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(lines, null, 2)}\n`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  await stop();
  const isUsage = error instanceof TypeError;
  process.stderr.write(
    `bench: ${error instanceof Error ? (isUsage ? error.message : (error.stack ?? error.message)) : String(error)}\n`,
  );
  if (isUsage) process.stderr.write(HELP);
  process.exitCode = isUsage ? 2 : 1;
}
