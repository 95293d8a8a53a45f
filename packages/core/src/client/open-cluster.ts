import { Broker } from '../broker/broker.js';
import { systemClock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { systemRandom } from '../runtime/random.js';
import { addressOf } from './broker-address.js';
import { checkBoolean, checkInteger, invalid, shown } from './check-options.js';
import type { Applications } from './applications.js';
import type { Cluster } from './cluster.js';
import { checkApplications, openApplications } from './open-applications.js';
import type { ConnectOptions } from './connect-options.js';
import { checkTarget } from './connect-target.js';
import { MultiBrokerCluster } from './multi-broker-cluster.js';
import { openMetadata } from './open-metadata.js';
import { SingleBrokerCluster } from './single-broker-cluster.js';

const LONGEST_MS = 3_600_000;

/** A cluster, and the databases whose transactions publish and consume. */
export interface OpenCluster {
  readonly cluster: Cluster;
  readonly applications: Applications;
  close(): Promise<void>;
}

/** One broker or several, as the options say. @throws PostlogError as `connect` */
export async function openCluster(options: ConnectOptions, logger: Logger): Promise<OpenCluster> {
  const addresses = checkApplications(options.applications);
  const target = checkTarget(options);
  const isCluster = target.kind === 'cluster';
  const shared = {
    schema: checkSchema(options.schema),
    offsetsRetentionMs: checkInteger(options.offsetsRetentionMs, 'offsetsRetentionMs', {
      min: 60_000,
      max: Number.MAX_SAFE_INTEGER,
      fallback: 604_800_000,
    }),
    clientId: checkClientId(options.clientId),
    maxConnections: checkInteger(options.maxConnections, 'maxConnections', { min: 2, max: 4, fallback: 4 }),
    connectionTimeout: milliseconds(options.connectionTimeout, 'connectionTimeout', 10_000),
    // A request to a broker of several is repeated at another one, so it need not be waited for as long.
    requestTimeout: milliseconds(options.requestTimeout, 'requestTimeout', isCluster ? 10_000 : 30_000),
    clock: systemClock,
    random: systemRandom,
    logger,
  };
  const withApplications = async (cluster: Cluster, broker?: Broker): Promise<OpenCluster> => {
    try {
      const context = { ...shared, migrate: options.migrate !== false, services: options.services !== false };
      const { applications, close } = await openApplications(cluster, broker, addresses, context);
      return { cluster, applications, close: () => close().then(() => cluster.close()) };
    } catch (error) {
      await cluster.close();
      throw error;
    }
  };
  if (target.kind === 'broker') {
    const { url } = target;
    const broker = await Broker.open({
      ...shared,
      url,
      migrate: checkBoolean(options.migrate, 'migrate', true),
      services: checkBoolean(options.services, 'services', true),
    });
    return withApplications(new SingleBrokerCluster(broker, addressOf(url)), broker);
  }
  const { brokers } = target;
  const metadata = await openMetadata(target.metadata, { ...shared, migrate: false });
  const { store } = metadata;
  const closeStore = () => metadata.close();
  return withApplications(await MultiBrokerCluster.open({ ...shared, brokers, store, closeStore, services: false }));
}

function milliseconds(value: unknown, name: string, fallback: number): number {
  return checkInteger(value, name, { min: 1, max: LONGEST_MS, fallback });
}

/** Part of SQL text, so it is a plain lower-case identifier and nothing else. */
function checkSchema(schema: unknown): string {
  if (schema === undefined) return 'postlog';
  if (typeof schema === 'string' && /^[a-z_][a-z0-9_]{0,47}$/.test(schema) && !schema.startsWith('pg_')) return schema;
  throw invalid(
    `schema is ${shown(schema)}; give up to 48 lower-case letters, digits and "_", beginning with a letter, not with pg_`,
  );
}

export function checkClientId(clientId: unknown): string {
  if (clientId === undefined) return 'postlog';
  if (typeof clientId === 'string' && /^[\x21-\x7e]{1,60}$/.test(clientId)) return clientId;
  throw invalid(`clientId is ${shown(clientId)}; give 1 to 60 printable ASCII characters without spaces`);
}
