import { Cleanup, startEmbeddedPostgres } from '@postlog/core/testing';
import { parseCommand, UsageError } from './command.js';
import { GroupsRun } from './groups-run.js';
import { PLANTS } from './plants.js';
import { runZombie } from './zombie-run.js';

const INTERRUPTED = 130;
const SHOWN = 20;
const HELP = `npm run faults -- groups [options]
npm run faults -- zombie

groups   members of one group in processes of their own, under random faults (SIGKILL, SIGSTOP for longer than the session,
         leaving, joining, partitions added) on an embedded Postgres, while records are sent; then everything heals, and a
         checker reads what handlers and database wrote down. The last line is a JSON object.
zombie   a member is stopped for longer than its session and goes on: what becomes of its commit and its handlers

  --minutes N      how long faults are injected [3]
  --seed N         the same faults again [by chance]
  --processes N    members [8]
  --partitions N   partitions at the beginning [12]
  --plant NAME     break the product on purpose; the checker must find it:
${Object.entries(PLANTS)
  .map(([name, what]) => `                   ${name.padEnd(24)}${what}`)
  .join('\n')}
  --help           show this

Exits 0 when the run was clean, 1 when it was not or proved nothing, 2 when asked wrongly, 130 after Ctrl-C.
`;

const cleanup = new Cleanup();
let interruption: Promise<void> | undefined;
const say = (text: string) => void process.stderr.write(`${text}\n`);

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2), Object.keys(PLANTS), Math.random);
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
  const starting = startEmbeddedPostgres({ settings: { max_connections: '200' } });
  cleanup.add(async () => (await starting).stop());
  const url = await (await starting).createDatabase('faults');
  const world = { url, say, onStop: cleanup.add };
  if (command.kind === 'zombie') {
    const { lines, isAsPromised } = await runZombie(world);
    process.stdout.write(`${lines.join('\n')}\n`);
    return isAsPromised ? 0 : 1;
  }
  const { minutes, ...options } = command;
  const timing = { lengthMs: minutes * 60_000, rate: 300, sessionTimeout: 2_000, handlerMs: 15 };
  const { verdict, anomalies, summary } = await GroupsRun.run({ ...world, ...options, ...timing });
  for (const { code, detail } of anomalies.slice(0, SHOWN)) say(`${code}: ${detail}`);
  if (anomalies.length > SHOWN) say(`… and ${anomalies.length - SHOWN} more`);
  process.stdout.write(`${JSON.stringify({ verdict, ...summary })}\n`);
  return verdict === 'clean' ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (interruption === undefined) {
    say(
      error instanceof UsageError
        ? `faults: ${error.message}\n\n${HELP}`
        : `faults: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
await interruption;
await cleanup.run();
process.exit();
