import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { PostlogError } from '@postlog/core';
import type { ClusterProcesses } from '@postlog/core/testing';
import { wholeNumber } from './arguments.js';
import type { Output } from './attached.js';
import { describeCluster, settingsOf } from './cluster-settings.js';
import type { ConnectionOptions } from './connection.js';
import { json } from './json.js';
import { untilStopSignal } from './stop-signal.js';

interface UpOptions extends ConnectionOptions {
  readonly dir: string;
  readonly sessionTimeout?: number;
  readonly json?: boolean;
}

const SCRIPT = fileURLToPath(new URL('main.js', import.meta.url));

export function addCluster(program: Command, output: Output): void {
  const cluster = program.command('cluster').description('a cluster on this machine, for development');
  cluster
    .command('up')
    .description('start Postgres servers and brokers, say how to connect, run until Ctrl-C; the data is kept')
    .option('--brokers <n>', 'how many [those of the folder, else 3]')
    .option('--dir <path>', 'data, ports and logs', '.postlog/cluster')
    .option('--metadata <postgres|etcd>', 'where the metadata is [as the folder has it, else postgres]')
    .option('--session-timeout <ms>', 'a silent broker loses its leaderships after so long [9000]', wholeNumber)
    .option('--json', 'say how to connect as one line of JSON')
    .action(async (_: unknown, command: Command) => {
      await up(command.optsWithGlobals<UpOptions>(), output);
    });
}

async function up(options: UpOptions, { out, error }: Output): Promise<void> {
  const { dir, json: asJson = false, sessionTimeout } = options;
  const brokers = brokerCount(options.brokers);
  const metadata = metadataKind(options.metadata);
  const say = (line: string) => (asJson ? error : out)(`${line}\n`);
  const stopped = untilStopSignal();
  const hint = `"kill -HUP ${process.pid}" starts again what is down.`;
  // Only this command needs the servers' binaries, which are an optional dependency.
  const { ClusterProcesses: processes } = await import('@postlog/core/testing');
  const cluster = await processes.start({
    script: SCRIPT,
    dir,
    say,
    onBrokerEnded: (id, lastLines) => error(`broker ${id} has ended; ${hint} Its last lines:\n${lastLines}\n`),
    ...(brokers === undefined ? {} : { brokers }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(sessionTimeout === undefined ? {} : { brokerArgs: ['--session-timeout', String(sessionTimeout)] }),
  });
  process.on('SIGHUP', () => void startWhatIsDown(cluster, say));
  out(asJson ? json(settingsOf(cluster)) : describeCluster(settingsOf(cluster), cluster.dir));
  await stopped;
  say('stopping …');
  await cluster.stop();
  say('everything is stopped, the data is kept');
}

async function startWhatIsDown(cluster: ClusterProcesses, say: (line: string) => void): Promise<void> {
  for (const id of cluster.brokerIds) {
    const { brokers, postgres } = cluster.pids;
    if (brokers[id] !== undefined && postgres[id] !== undefined) continue;
    await cluster.startBroker(id).then(
      () => say(`broker ${id} runs again`),
      (error: unknown) => say(`broker ${id} could not be started: ${String(error)}`),
    );
  }
}

function brokerCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw new PostlogError(
    'INVALID_CONFIG',
    '"cluster up" starts brokers of its own; say with --brokers <n> how many, such as 3.',
  );
}

function metadataKind(text: string | undefined): 'postgres' | 'etcd' | undefined {
  if (text === undefined || text === 'postgres' || text === 'etcd') return text;
  throw new PostlogError(
    'INVALID_CONFIG',
    '"cluster up" starts a metadata store of its own; say with --metadata postgres or --metadata etcd which.',
  );
}
