import type { Command } from 'commander';
import {
  parseBroker,
  parseMetadata,
  PostlogError,
  startBroker,
  type BrokerAddress,
  type StartBrokerOptions,
} from '@postlog/core';
import { wholeNumber } from './arguments.js';
import type { Output } from './attached.js';
import type { ConnectionOptions } from './connection.js';
import { untilStopSignal } from './stop-signal.js';

interface BrokerOptions extends ConnectionOptions {
  readonly id: number;
  readonly rack?: string;
  readonly peer?: readonly BrokerAddress[];
  readonly sessionTimeout?: number;
  readonly heartbeatInterval?: number;
  readonly replicaLagTimeMaxMs?: number;
  readonly allowSharedServer?: boolean;
}

export function addBroker(program: Command, { out }: Output): void {
  program
    .command('broker')
    .description('run one broker of a cluster in the foreground; SIGTERM and Ctrl-C stop it in order')
    .requiredOption('--id <n>', 'its number, its own for ever', wholeNumber)
    .option('--url <url>', "the broker's database, on a Postgres server of its own [DATABASE_URL]")
    .option('--metadata <where>', 'postgres://… or etcd:http://host:2379,… [POSTLOG_METADATA]')
    .option('--rack <name>', 'copies are spread over racks first')
    .option(
      '--peer <id=url>',
      'how to reach another broker, if not by this url with its address; may be repeated',
      peer,
    )
    .option('--session-timeout <ms>', 'silent for so long, it loses its leaderships [9000]', wholeNumber)
    .option(
      '--heartbeat-interval <ms>',
      'how often it says that it lives [2000, a quarter of the session at most]',
      wholeNumber,
    )
    .option('--replica-lag-time-max-ms <ms>', 'a follower that lags for so long is not in sync [30000]', wholeNumber)
    .option('--allow-shared-server', 'for development: let brokers share a Postgres server')
    .action(async (_: unknown, command: Command) => {
      const { id, ...given } = command.optsWithGlobals<BrokerOptions>();
      const options = startOptions(given);
      const stopped = untilStopSignal();
      const broker = await startBroker({ id, ...options });
      void broker.inService.then(() => out(`broker ${id} is in service\n`));
      void stopped.then(() => broker.stop());
      const reason = await broker.ended;
      if (reason !== undefined) throw reason;
      out(`broker ${id} has stopped\n`);
    });
}

function startOptions(options: Omit<BrokerOptions, 'id'>): Omit<StartBrokerOptions, 'id'> {
  const { url = process.env['DATABASE_URL'], metadata = process.env['POSTLOG_METADATA'] } = options;
  const { rack, peer: peers = [], sessionTimeout, replicaLagTimeMaxMs, allowSharedServer = false, schema } = options;
  if (options.brokers !== undefined)
    throw new PostlogError(
      'INVALID_CONFIG',
      'a broker is told of others by --peer <id=url>, one each; leave --brokers out.',
    );
  if (url === undefined || url === '')
    throw new PostlogError('INVALID_CONFIG', "give --url of the broker's own database, or set DATABASE_URL.");
  if (metadata === undefined || metadata === '')
    throw new PostlogError(
      'INVALID_CONFIG',
      "give --metadata, where the cluster's metadata is: postgres://… or etcd:http://host:2379; or set POSTLOG_METADATA.",
    );
  const heartbeatInterval =
    options.heartbeatInterval ??
    (sessionTimeout === undefined ? undefined : Math.min(2_000, Math.floor(sessionTimeout / 4)));
  return {
    url,
    metadata: parseMetadata(metadata),
    schema,
    peers: Object.fromEntries(peers.map((each) => [each.id, each.url])),
    allowSharedServer,
    ...(rack === undefined ? {} : { rack }),
    ...(sessionTimeout === undefined ? {} : { sessionTimeout }),
    ...(heartbeatInterval === undefined ? {} : { heartbeatInterval }),
    ...(replicaLagTimeMaxMs === undefined ? {} : { replicaLagTimeMaxMs }),
  };
}

function peer(text: string, earlier: readonly BrokerAddress[] = []): BrokerAddress[] {
  return [...earlier, parseBroker(text)];
}
