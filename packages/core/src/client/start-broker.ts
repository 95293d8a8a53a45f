import { BrokerServer } from '../broker/broker-server.js';
import type { PostlogError } from '../errors/postlog-error.js';
import { checkConnectionUrl } from '../postgres/connection-url.js';
import { systemClock } from '../runtime/clock.js';
import { consoleLogger, silentLogger, type Logger } from '../runtime/logger.js';
import { systemRandom } from '../runtime/random.js';
import { addressOf } from './broker-address.js';
import { checkBoolean, checkInteger, checkOptions, invalid, shown } from './check-options.js';
import { openMetadata, type MetadataOptions } from './open-metadata.js';

/** One broker of a cluster: its number, its database, and where the cluster's metadata is. */
export interface StartBrokerOptions {
  /** 1 to 2^31 - 1; names the broker for ever. */
  readonly id: number;
  /** The broker's own database, on a Postgres server of its own. */
  readonly url: string;
  readonly metadata: MetadataOptions;
  /** Replicas of a partition are spread over racks first. */
  readonly rack?: string;
  /** How to reach other brokers' databases, where that is not this broker's url with their host, port and database. */
  readonly peers?: Readonly<Record<number, string>>;
  readonly schema?: string;
  /** Without a sign of life for so long the broker is fenced and its leaderships move, in milliseconds [9 000]. */
  readonly sessionTimeout?: number;
  /** In milliseconds [2 000]. */
  readonly heartbeatInterval?: number;
  /** A follower that was not caught up for so long leaves the in-sync replicas, in milliseconds [30 000]. */
  readonly replicaLagTimeMaxMs?: number;
  /** How often leaderships go back to the preferred replicas, in milliseconds [300 000]. */
  readonly leaderImbalanceCheckIntervalMs?: number;
  /** Let brokers share a Postgres server [`false`]: for development, since copies there are lost together. */
  readonly allowSharedServer?: boolean;
  readonly connectionTimeout?: number;
  readonly requestTimeout?: number;
  /** Where log lines go [warnings and errors to standard error]; `null` silences. */
  readonly logger?: Logger | null;
}

export interface RunningBroker {
  readonly id: number;
  /** Resolves when it takes part in the cluster: it may lead and be in sync from then on. Never, when it ends before. */
  readonly inService: Promise<void>;
  /** Resolves when it has ended: with an error when it cannot go on, as when another process runs the same broker. */
  readonly ended: Promise<PostlogError | undefined>;
  /** Gives its leaderships away, then stops. */
  stop(): Promise<void>;
}

const KNOWN: readonly (keyof StartBrokerOptions)[] = [
  'id',
  'url',
  'metadata',
  'rack',
  'peers',
  'schema',
  'sessionTimeout',
  'heartbeatInterval',
  'replicaLagTimeMaxMs',
  'leaderImbalanceCheckIntervalMs',
  'allowSharedServer',
  'connectionTimeout',
  'requestTimeout',
  'logger',
];

/**
 * Runs one broker of a cluster in this process, as `postlog broker` does.
 *
 * @throws PostlogError `INVALID_CONFIG` before anything is opened, `DUPLICATE_BROKER_REGISTRATION` when another broker lives on the same server,
 * `NETWORK_EXCEPTION` or `UNSUPPORTED_DATABASE` within `connectionTimeout`.
 */
export async function startBroker(given: StartBrokerOptions): Promise<RunningBroker> {
  const options = checkOptions(given, KNOWN, 'startBroker()');
  const { peers = {}, rack = null } = options;
  const url = checkConnectionUrl(options.url);
  const id = checkInteger(options.id, 'id', { min: 1, max: 2 ** 31 - 1, fallback: 0 });
  if (id === 0) throw invalid('id is missing; give every broker of a cluster a number of its own, from 1 on');
  if (rack !== null && typeof rack !== 'string') throw invalid(`rack is ${shown(rack)}; give a name`);
  if (options.metadata === undefined) throw invalid('metadata is missing; give { url } or { etcd: [urls] }');
  for (const peer of Object.values(peers)) checkConnectionUrl(peer);
  const ms = (value: unknown, name: string, fallback: number) =>
    checkInteger(value, name, { min: 100, max: 3_600_000, fallback });
  const sessionTimeoutMs = ms(options.sessionTimeout, 'sessionTimeout', 9_000);
  const heartbeatIntervalMs = ms(options.heartbeatInterval, 'heartbeatInterval', 2_000);
  if (heartbeatIntervalMs * 2 > sessionTimeoutMs) {
    throw invalid(
      `heartbeatInterval (${heartbeatIntervalMs}) must fit into sessionTimeout (${sessionTimeoutMs}) twice at least`,
    );
  }
  const logger = options.logger === null ? silentLogger : (options.logger ?? consoleLogger);
  const context = {
    schema: options.schema ?? 'postlog',
    clientId: `broker-${id}`,
    connectionTimeout: ms(options.connectionTimeout, 'connectionTimeout', 10_000),
    requestTimeout: ms(options.requestTimeout, 'requestTimeout', 10_000),
    clock: systemClock,
    random: systemRandom,
    logger,
  };
  const metadata = await openMetadata(options.metadata, { ...context, migrate: true });
  try {
    const server = await BrokerServer.start({
      ...context,
      url,
      brokerId: id,
      rack,
      address: addressOf(url),
      store: metadata.store,
      urlOf: (brokerId, address) => peers[brokerId] ?? urlAt(url, address),
      sessionTimeoutMs,
      heartbeatIntervalMs,
      replicaLagTimeMaxMs: ms(options.replicaLagTimeMaxMs, 'replicaLagTimeMaxMs', 30_000),
      preferredElectionEveryMs: ms(options.leaderImbalanceCheckIntervalMs, 'leaderImbalanceCheckIntervalMs', 300_000),
      allowSharedServer: checkBoolean(options.allowSharedServer, 'allowSharedServer', false),
      offsetsRetentionMs: 604_800_000,
      maxConnections: 4,
    });
    const ended = server.ended.then(async (reason) => {
      await metadata.close();
      return reason;
    });
    return {
      id,
      inService: server.inService,
      ended,
      stop: () =>
        server
          .stop()
          .then(() => ended)
          .then(() => {}),
    };
  } catch (error) {
    await metadata.close();
    throw error;
  }
}

/** Another broker's database, by the same role: what differs is in its address. */
function urlAt(url: string, address: string): string {
  const other = new URL(url);
  const { host, pathname } = new URL(`postgres://${address}`);
  other.host = host;
  other.pathname = pathname;
  return other.href;
}
