import { writeFileSync } from 'node:fs';
import { FULL, QUICK, type Bench, type Measure, type Sizes } from './bench.js';
import { Cleanup } from '@postlog/core/testing';
import { CLUSTER_MEASURES } from './cluster-bench.js';
import { parseCommand, UsageError, type Command } from './command.js';
import { GROUP_MEASURES } from './group-bench.js';
import { LOG_MEASURES } from './log-bench.js';
import { NEST_MEASURES } from './nest-bench.js';
import { OUTBOX_MEASURES } from './outbox-bench.js';
import { table } from './report.js';
import { runMeasures } from './run-measures.js';
import { startServer } from './server.js';

const INTERRUPTED = 130;
const BENCHES: Readonly<Record<string, Readonly<Record<string, Measure>>>> = {
  log: LOG_MEASURES,
  groups: GROUP_MEASURES,
  outbox: OUTBOX_MEASURES,
  cluster: CLUSTER_MEASURES,
  nest: NEST_MEASURES,
};
const NAMES = Object.fromEntries(Object.entries(BENCHES).map(([bench, measures]) => [bench, Object.keys(measures)]));
const HELP = `npm run bench -- ${Object.keys(BENCHES).join('|')} [options]

Measures on an embedded Postgres, with fsync and synchronous commit on:

${Object.entries(NAMES)
  .map(([bench, measures]) => `  ${bench.padEnd(15)} ${measures.join(', ')}`)
  .join('\n')}

  --json FILE     write [{ measure, value, unit, goal, met }] too
  --only A,B      only these measures
                  (produce and consume are names for produce-consume)
  --rounds N      so many rounds, of the rivals too, instead of ${FULL.rounds} and ${FULL.rivalRounds}
  --minutes N     pinned: a transaction stays open for so long, instead of 1
  --quick         the same code with tiny sizes: shows that it runs, measures nothing
  --help          show this

Exits 0 when it ran to its end, whatever was reached; 1 when a measure failed; 2 when asked wrongly; 130 after Ctrl-C.
`;

const cleanup = new Cleanup();
/** Set by Ctrl-C: settles when everything is stopped. */
let interruption: Promise<void> | undefined;
const say = (text: string) => process.stderr.write(`${text}\n`);

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2), NAMES);
  if (command.kind === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      say('stopping …');
      interruption ??= cleanup.run();
      void interruption.then(() => process.exit(INTERRUPTED));
    });
  const startedAt = performance.now();
  const server = await startServer(cleanup.add);
  const below: string[] = [];
  const bench: Bench = {
    sizes: sizesOf(command),
    database: server.database,
    say,
    skip: (what, why) => void below.push(`skipped ${what}: ${why}`),
    note: (text) => void below.push(`note: ${text}`),
    onStop: cleanup.add,
  };
  const { lines, failures } = await runMeasures(
    bench,
    BENCHES[command.bench]!,
    command.measures,
    () => interruption !== undefined,
  );
  if (interruption !== undefined) return INTERRUPTED;
  await cleanup.run();
  process.stdout.write(`${[table(lines), ...below, ...failures].join('\n')}\n`);
  if (command.json !== undefined) writeFileSync(command.json, `${JSON.stringify(lines, null, 2)}\n`);
  say(`took ${Math.round((performance.now() - startedAt) / 1000)} s`);
  return failures.length > 0 ? 1 : 0;
}

function sizesOf({ isQuick, rounds, minutes }: Extract<Command, { kind: 'run' }>): Sizes {
  const sizes = isQuick ? QUICK : FULL;
  return {
    ...sizes,
    ...(rounds === undefined ? {} : { rounds, rivalRounds: rounds }),
    ...(minutes === undefined ? {} : { pinnedSeconds: minutes * 60 }),
  };
}

async function run(): Promise<number> {
  try {
    return await main();
  } catch (error) {
    if (error instanceof UsageError) {
      say(`bench: ${error.message}\n\n${HELP}`);
      return 2;
    }
    if (interruption !== undefined) return INTERRUPTED;
    say(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    await cleanup.run();
    return 1;
  }
}

// A client that still waits for something must not keep the process alive.
process.once('uncaughtException', (error) => {
  say(`bench: ${error.stack ?? error.message}`);
  void cleanup.run().then(() => process.exit(interruption === undefined ? 1 : INTERRUPTED)); // Servers must not stay behind.
});
const code = await run();
await interruption;
process.exit(code);
