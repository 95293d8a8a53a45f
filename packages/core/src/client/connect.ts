import { hostname } from 'node:os';
import { PostlogError } from '../errors/postlog-error.js';
import { consoleLogger, silentLogger } from '../runtime/logger.js';
import type { Admin } from './admin-types.js';
import { LogAdmin } from './admin.js';
import { checkOptions, checkRetry } from './check-options.js';
import type { Cluster } from './cluster.js';
import type { ConnectOptions } from './connect-options.js';
import type { Consumer, ConsumerOptions } from './consumer-types.js';
import { LogConsumer } from './consumer.js';
import type { DeadLetters } from './dead-letters-types.js';
import { LogDeadLetters } from './dead-letters.js';
import { MetadataCache } from './metadata-cache.js';
import { checkClientId, openCluster, type OpenCluster } from './open-cluster.js';
import type { ParkedKeys } from './parked-keys-types.js';
import { LogParkedKeys } from './parked-keys.js';
import type { Postlog } from './postlog.js';
import type { Producer, ProducerOptions } from './producer-types.js';
import { LogProducer } from './producer.js';

/** Names of the options that `connect` takes, for who passes them on. */
export const CONNECT_OPTIONS: readonly (keyof ConnectOptions)[] = [
  'url',
  'brokers',
  'metadata',
  'applications',
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
 * Attaches to the broker that lives in a Postgres database, or to the brokers of a cluster.
 *
 * @throws PostlogError `INVALID_CONFIG` before anything is opened; `NETWORK_EXCEPTION`, `CLUSTER_AUTHORIZATION_FAILED` or
 * `UNSUPPORTED_DATABASE` within `connectionTimeout`, saying why.
 *
 * @example
 * const postlog = await connect({ url: process.env.DATABASE_URL });
 * const cluster = await connect({ brokers: [{ id: 1, url: u1 }, { id: 2, url: u2 }], metadata: { url: u3 } });
 * await postlog.producer().send({ topic: 'orders', messages: [{ key: 'customer-1', value: 'hello' }] });
 */
export async function connect(given: ConnectOptions): Promise<Postlog> {
  const options = checkOptions(given, CONNECT_OPTIONS, 'connect()');
  const logger = options.logger === null ? silentLogger : (options.logger ?? consoleLogger);
  checkRetry(options.retry, 'connect()');
  return attach(await openCluster(options, logger), options);
}

/** What users hold, on a cluster that is open. */
export function attach(cluster: OpenCluster, options: AttachOptions): Postlog {
  return new AttachedCluster(cluster, options);
}

type AttachOptions = Pick<ConnectOptions, 'retry' | 'clientId' | 'allowAutoTopicCreation'>;

class AttachedCluster implements Postlog {
  readonly #open: OpenCluster;
  readonly #cluster: Cluster;
  readonly #options: AttachOptions;
  readonly #metadata: MetadataCache;
  readonly #clients = new Set<{ disconnect(): Promise<void> }>();
  #isClosed = false;

  constructor(open: OpenCluster, options: AttachOptions) {
    const { cluster } = open;
    this.#open = open;
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
          applications: this.#open.applications,
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
          applications: this.#open.applications,
          metadata: this.#metadata,
          clientId,
          host: hostname(),
          createProducer: () => this.producer(),
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

  deadLetters(of: { readonly topic: string; readonly groupId: string }): DeadLetters {
    this.#demandOpen();
    const context = { cluster: this.#cluster, metadata: this.#metadata, createProducer: () => this.producer() };
    return new LogDeadLetters(context, of);
  }

  parkedKeys(of: { readonly topic: string; readonly groupId: string }): ParkedKeys {
    this.#demandOpen();
    return new LogParkedKeys({ cluster: this.#cluster, metadata: this.#metadata }, of);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([...this.#clients].map((client) => client.disconnect()));
    await this.#open.close();
  }

  #kept<T extends { disconnect(): Promise<void> }>(client: T): T {
    this.#clients.add(client);
    return client;
  }

  async #autoCreate(topic: string): Promise<boolean> {
    if (this.#options.allowAutoTopicCreation !== true) return false;
    await this.admin().createTopics({ topics: [{ topic }] });
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
