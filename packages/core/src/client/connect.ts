import { hostname } from 'node:os';
import { Broker } from '../broker/broker.js';
import { PostlogError } from '../errors/postlog-error.js';
import { checkConnectionUrl } from '../postgres/connection-url.js';
import { systemClock } from '../runtime/clock.js';
import { consoleLogger, silentLogger } from '../runtime/logger.js';
import { systemRandom } from '../runtime/random.js';
import type { Admin } from './admin-types.js';
import { LogAdmin } from './admin.js';
import { checkBoolean, checkInteger, checkOptions, checkRetry, invalid, shown } from './check-options.js';
import type { Cluster } from './cluster.js';
import type { ConnectOptions } from './connect-options.js';
import type { Consumer, ConsumerOptions } from './consumer-types.js';
import { LogConsumer } from './consumer.js';
import { MetadataCache } from './metadata-cache.js';
import type { Postlog } from './postlog.js';
import type { Producer, ProducerOptions } from './producer-types.js';
import { LogProducer } from './producer.js';
import { SingleBrokerCluster } from './single-broker-cluster.js';

/** Names of the options that `connect` takes, for who passes them on. */
export const CONNECT_OPTIONS: readonly (keyof ConnectOptions)[] = [
  'url',
  'schema',
  'migrate',
  'services',
  'offsetsRetentionMs',
  'allowAutoTopicCreation',
  'clientId',
  'maxConnections',
  'connectionTimeout',
  'requestTimeout',
  'retry',
  'logger',
];

/**
 * Attaches to the broker that lives in a Postgres database.
 *
 * @throws PostlogError `INVALID_CONFIG` before anything is opened; `NETWORK_EXCEPTION`, `CLUSTER_AUTHORIZATION_FAILED` or
 * `UNSUPPORTED_DATABASE` within `connectionTimeout`, saying why.
 *
 * @example
 * const postlog = await connect({ url: process.env.DATABASE_URL });
 * await postlog.producer().send({ topic: 'orders', messages: [{ key: 'customer-1', value: 'hello' }] });
 */
export async function connect(given: ConnectOptions): Promise<Postlog> {
  const options = checkOptions(given, CONNECT_OPTIONS, 'connect()');
  const logger = options.logger === null ? silentLogger : (options.logger ?? consoleLogger);
  checkRetry(options.retry, 'connect()');
  const broker = await Broker.open({
    url: checkConnectionUrl(options.url),
    schema: checkSchema(options.schema),
    migrate: checkBoolean(options.migrate, 'migrate', true),
    services: checkBoolean(options.services, 'services', true),
    offsetsRetentionMs: checkInteger(options.offsetsRetentionMs, 'offsetsRetentionMs', {
      min: 60_000,
      max: Number.MAX_SAFE_INTEGER,
      fallback: 604_800_000,
    }),
    clientId: checkClientId(options.clientId),
    maxConnections: checkInteger(options.maxConnections, 'maxConnections', { min: 2, max: 4, fallback: 4 }),
    connectionTimeout: checkInteger(options.connectionTimeout, 'connectionTimeout', {
      min: 1,
      max: 3_600_000,
      fallback: 10_000,
    }),
    requestTimeout: checkInteger(options.requestTimeout, 'requestTimeout', {
      min: 1,
      max: 3_600_000,
      fallback: 30_000,
    }),
    clock: systemClock,
    random: systemRandom,
    logger,
  });
  return new AttachedCluster(new SingleBrokerCluster(broker), options);
}

class AttachedCluster implements Postlog {
  readonly #cluster: Cluster;
  readonly #options: ConnectOptions;
  readonly #metadata: MetadataCache;
  readonly #clients = new Set<{ disconnect(): Promise<void> }>();
  #isClosed = false;

  constructor(cluster: Cluster, options: ConnectOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#metadata = new MetadataCache(cluster);
  }

  producer(options?: ProducerOptions): Producer {
    this.#demandOpen();
    const retry = options?.retry ?? this.#options.retry;
    return this.#kept(
      new LogProducer(
        {
          cluster: this.#cluster,
          metadata: this.#metadata,
          autoCreateTopic: (topic) => this.#autoCreate(topic),
          onClosed: (client) => this.#clients.delete(client),
          onFault: (error) => this.#report(error),
        },
        retry === undefined ? options : { ...options, retry },
      ),
    );
  }

  consumer(options: ConsumerOptions): Consumer {
    this.#demandOpen();
    const clientId = checkClientId(this.#options.clientId);
    return this.#kept(
      new LogConsumer(
        {
          cluster: this.#cluster,
          metadata: this.#metadata,
          clientId,
          host: hostname(),
          onClosed: (client) => this.#clients.delete(client),
          onFault: (error) => this.#report(error),
        },
        options,
      ),
    );
  }

  admin(): Admin {
    this.#demandOpen();
    return new LogAdmin(this.#cluster, this.#metadata);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([...this.#clients].map((client) => client.disconnect()));
    await this.#cluster.close();
  }

  #kept<T extends { disconnect(): Promise<void> }>(client: T): T {
    this.#clients.add(client);
    return client;
  }

  async #autoCreate(topic: string): Promise<boolean> {
    if (this.#options.allowAutoTopicCreation !== true) return false;
    const { topics } = this.#cluster;
    await topics.create({ topic, partitionCount: 1, replicationFactor: 1, config: {} });
    topics.announce();
    return true;
  }

  #demandOpen(): void {
    if (this.#isClosed) throw new PostlogError('CLIENT_CLOSED', 'the connection was closed; call connect() again.');
  }

  #report(error: unknown): void {
    this.#cluster.logger.debug('a background step met an error and goes on', {
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}

/** Part of SQL text, so it is a plain lower-case identifier and nothing else. */
function checkSchema(schema: unknown): string {
  if (schema === undefined) return 'postlog';
  if (typeof schema === 'string' && /^[a-z_][a-z0-9_]{0,47}$/.test(schema) && !schema.startsWith('pg_')) return schema;
  throw invalid(
    `schema is ${shown(schema)}; give up to 48 lower-case letters, digits and "_", beginning with a letter, not with pg_`,
  );
}

function checkClientId(clientId: unknown): string {
  if (clientId === undefined) return 'postlog';
  if (typeof clientId === 'string' && /^[\x21-\x7e]{1,60}$/.test(clientId)) return clientId;
  throw invalid(`clientId is ${shown(clientId)}; give 1 to 60 printable ASCII characters without spaces`);
}
