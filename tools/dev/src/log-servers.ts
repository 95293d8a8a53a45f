import { fileURLToPath } from 'node:url';
import type { ConnectionSettings } from '@postlog/core';
import { ClusterProcesses, startEmbeddedPostgres } from '@postlog/core/testing';
import type { Arguments } from './arguments.js';

/** The servers that keep the log and the services' own tables. */
export interface LogServers {
  readonly connection: ConnectionSettings;
  /** What the services find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where what is, for people: by name. */
  readonly shown: Readonly<Record<string, string>>;
  /** With `--cluster`. */
  readonly cluster?: ClusterProcesses;
  /** Rejects when a broker ends that nobody made end. */
  readonly broken: Promise<never>;
}

type OnStop = (undo: () => Promise<void>) => void;

const REPLICATION_FACTOR = 3;
const MIN_INSYNC_REPLICAS = 2;

/** The `postlog` command as `npm start` builds it. */
export const COMMAND = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));

export async function startLogServers(
  args: Arguments,
  say: (line: string) => void,
  onStop: OnStop,
): Promise<LogServers> {
  if (args.cluster) return startCluster(args, say, onStop);
  const url = await startDatabase(args, say, onStop);
  // An environment that names a cluster is not meant for this run.
  const environment = { DATABASE_URL: url, POSTLOG_BROKERS: '', POSTLOG_METADATA: '' };
  return { connection: { url }, environment, shown: { Postgres: url }, broken: new Promise(() => {}) };
}

async function startDatabase(args: Arguments, say: (line: string) => void, onStop: OnStop): Promise<string> {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined && given !== '') {
    say('using the Postgres of DATABASE_URL');
    return given;
  }
  say(`starting Postgres in ${args.dataDir} …`);
  const server = await startEmbeddedPostgres({ dataDir: args.dataDir });
  onStop(() => server.stop());
  return server.createDatabase('shop');
}

async function startCluster(args: Arguments, say: (line: string) => void, onStop: OnStop): Promise<LogServers> {
  let onBroken = (_error: Error) => {};
  const broken = new Promise<never>((_, reject) => (onBroken = reject));
  broken.catch(() => {});
  const starting = ClusterProcesses.start({
    script: COMMAND,
    brokers: REPLICATION_FACTOR,
    metadata: args.metadata,
    dir: args.dataDir,
    say,
    brokerArgs: ['--session-timeout', String(args.brokerSessionMs)],
    onBrokerEnded: (id, lastLines) =>
      onBroken(new Error(`broker ${id} ended unexpectedly; its last lines:\n${lastLines}`)),
  });
  // Also an interruption while it starts stops all of it.
  onStop(() =>
    starting.then(
      (started) => started.stop(),
      () => {},
    ),
  );
  const cluster = await starting;
  const { brokers, metadata, applicationUrl } = cluster.settings;
  const environment = {
    DATABASE_URL: applicationUrl,
    POSTLOG_BROKERS: brokers.map(({ id, url }) => `${id}=${url}`).join(','),
    POSTLOG_METADATA: 'url' in metadata ? metadata.url : `etcd:${metadata.etcd.join(',')}`,
    REPLICATION_FACTOR: String(REPLICATION_FACTOR),
    MIN_INSYNC_REPLICAS: String(MIN_INSYNC_REPLICAS),
  };
  const shown = { Postgres: applicationUrl, metadata: environment.POSTLOG_METADATA };
  return { connection: { brokers, metadata }, environment, shown, cluster, broken };
}
