import { Cleanup, MISTAKES, startEmbeddedPostgres } from '@postlog/core/testing';
import { missedPlants } from './cluster/all-plants.js';
import { CLUSTER_PLANTS } from './cluster/cluster-plants.js';
import { ClusterRun, type ClusterOutcome, type ClusterRunOptions } from './cluster/cluster-run.js';
import { SCRIPTS } from './cluster/scripts.js';
import { ALL_PLANTS, parseCommand, UsageError, type Command } from './command.js';
import { GroupsRun } from './groups-run.js';
import type { Anomaly } from './history.js';
import { PLANTS } from './plants.js';
import { runSimulation } from './simulation-run.js';
import { threeBrokers } from './transactions/cluster-world.js';
import { TRANSACTION_PLANTS } from './transactions/transactions-plants.js';
import { TransactionsRun } from './transactions/transactions-run.js';
import { oneBroker, type TransactionsWorld } from './transactions/world.js';
import { runZombie } from './zombie-run.js';

const INTERRUPTED = 130;
const SHOWN = 20;
const NAMES = {
  plants: {
    groups: Object.keys(PLANTS),
    transactions: Object.keys(TRANSACTION_PLANTS),
    transactionsOfACluster: Object.keys(TRANSACTION_PLANTS).filter(
      (name) => TRANSACTION_PLANTS[name]!.isOfOneBroker !== true,
    ),
    cluster: Object.keys(CLUSTER_PLANTS),
    simulation: MISTAKES,
  },
  scripts: Object.keys(SCRIPTS),
};
const named = (names: Readonly<Record<string, { readonly what: string }>>) =>
  Object.entries(names)
    .map(([name, { what }]) => `                   ${name.padEnd(26)}${what}`)
    .join('\n');
const HELP = `npm run faults -- groups [options]
npm run faults -- zombie
npm run faults -- transactions [options]
npm run faults -- cluster [options]
npm run faults -- simulation [options]

groups   members of one group in processes of their own, under random faults (SIGKILL, SIGSTOP for longer than the session,
         leaving, joining, partitions added) on an embedded Postgres, while records are sent; then everything heals, and a
         checker reads what handlers and database wrote down. The last line is a JSON object.
zombie   a member is stopped for longer than its session and goes on: what becomes of its commit and its handlers
transactions
         processes that publish and handle in transactions of one embedded Postgres, under random faults (SIGKILL and SIGSTOP of
         processes, SIGKILL and immediate shutdown of Postgres, terminated sessions): orders and their records, a topic copied to a
         topic and to a table, money that moves over tables and topics, jobs on which handlers fail until they are dead letters or
         parked; then everything heals, and a checker compares what is in tables, topics and histories. The last line is a JSON object.
cluster  three brokers on three embedded Postgres servers, clients in processes of their own, and a proxy on every edge between
         them, under random faults (SIGKILL and SIGSTOP of servers and brokers, edges cut one way or both, connections reset in the
         middle of a commit, two of three down, rolling restarts), while records are sent and read; then everything heals, all
         is read from the beginning, and a checker reads what clients, databases and metadata showed. The last line is a JSON object.
simulation
         the loops of brokers and clients in one thread, on databases, clocks and a network that a seed rules: every seed is a run of
         its own, is lived through in milliseconds, and is the same again. Ends with the first broken promise and what led to it.

  --minutes N      how long faults are injected [3]
  --seed N         the same faults again [by chance]
  --plant NAME     break the product on purpose; the checker must find it

groups
  --processes N    members [8]
  --partitions N   partitions at the beginning [12]
  --plant NAME     one of:
${named(Object.fromEntries(Object.entries(PLANTS).map(([name, what]) => [name, { what }])))}

transactions
  --cluster        three brokers on three Postgres servers, of which the one that leads most is killed, and the application's database on a
                   fourth; no keys are parked there
  --processes N    of the application [6; with --cluster 3]
  --keep           keep what was written down when the run was clean, too
  --plant NAME     one of:
${named(TRANSACTION_PLANTS)}

cluster
  --metadata STORE postgres or etcd [postgres]
  --keep           keep what was written down when the run was clean, too
  --script NAME    faults at fixed times instead of random ones:
${named(SCRIPTS)}
  --plant NAME     one of these, each with the script in which it does harm, or all of them, in a run each:
${named(CLUSTER_PLANTS)}

simulation
  --seed N         the first seed [1]
  --seeds N        how many [2000]
  --plant NAME     one of these:
${MISTAKES.map((name) => `                   ${name}`).join('\n')}

  --help           show this

Exits 0 when the run was clean, 1 when it was not or proved nothing, 2 when asked wrongly, 130 after Ctrl-C.
`;

/** A cluster has many processes, and this machine perhaps few processors. */
const CLEANUP_MS = 60_000;
const cleanup = new Cleanup(CLEANUP_MS);
let interruption: Promise<void> | undefined;
const say = (text: string) => void process.stderr.write(`${text}\n`);

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2), NAMES, Math.random);
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
  if (command.kind === 'cluster') return runCluster(command);
  if (command.kind === 'transactions') return runTransactions(command);
  if (command.kind === 'simulation') return tell(await runSimulation({ ...command, say }));
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
  return tell(await GroupsRun.run({ ...world, ...options, ...timing }));
}

async function runCluster({ minutes, ...options }: Extract<Command, { kind: 'cluster' }>): Promise<number> {
  const startedAt = performance.now();
  const sayWhen = (text: string) =>
    say(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${text}`);
  const all = { ...options, lengthMs: minutes * 60_000, say: sayWhen };
  if (options.plant === ALL_PLANTS) return plantAll(all);
  return tell(await runOneCluster({ ...all, onStop: cleanup.add }));
}

async function runOneCluster(options: ClusterRunOptions): Promise<ClusterOutcome> {
  const outcome = await ClusterRun.run(options);
  if (outcome.folder !== undefined) say(`what everybody wrote down is in ${outcome.folder}`);
  return outcome;
}

/** Each in a cluster of its own. The last line is a JSON object, as of every run. */
async function plantAll(options: Omit<ClusterRunOptions, 'onStop'>): Promise<number> {
  const missed = await missedPlants(
    async (plant) => {
      const own = new Cleanup(CLEANUP_MS);
      cleanup.add(() => own.run());
      try {
        return await runOneCluster({ ...options, plant, onStop: own.add });
      } finally {
        await own.run();
      }
    },
    (line) => process.stdout.write(`${line}\n`),
  );
  const verdict = missed.length === 0 ? 'all found' : 'missed';
  process.stdout.write(
    `${JSON.stringify({ verdict, seed: options.seed, planted: Object.keys(CLUSTER_PLANTS).length, missed })}\n`,
  );
  return missed.length === 0 ? 0 : 1;
}

async function runTransactions({
  minutes,
  isCluster,
  ...options
}: Extract<Command, { kind: 'transactions' }>): Promise<number> {
  const startedAt = performance.now();
  const sayWhen = (text: string) =>
    say(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${text}`);
  const outcome = await TransactionsRun.run({
    ...options,
    world: isCluster ? await threeBrokers({ say: sayWhen, onStop: cleanup.add }) : await startOneBroker(),
    lengthMs: minutes * 60_000,
    // A coordinator that dies is away for as long as a broker's session.
    sessionTimeoutMs: isCluster ? 6_000 : 2_000,
    say: sayWhen,
    onStop: cleanup.add,
  });
  if (outcome.folder !== undefined) say(`what everybody wrote down is in ${outcome.folder}`);
  return tell(outcome);
}

async function startOneBroker(): Promise<TransactionsWorld> {
  const starting = startEmbeddedPostgres({ settings: { max_connections: '300' } });
  cleanup.add(async () => (await starting).stop());
  return oneBroker(await starting);
}

interface Told {
  readonly verdict: string;
  readonly anomalies: readonly Anomaly[];
  readonly summary: Readonly<Record<string, unknown>>;
}

function tell({ verdict, anomalies, summary }: Told): number {
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
