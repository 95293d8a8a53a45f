import { EtcdMetadataStore } from '../metadata/etcd-metadata-store.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import { PostgresMetadataStore } from '../metadata/postgres-metadata-store.js';
import { checkConnectionUrl } from '../postgres/connection-url.js';
import { Database } from '../postgres/database.js';
import { migrate } from '../postgres/migrate.store.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { Random } from '../runtime/random.js';
import { checkOptions, invalid } from './check-options.js';

/** Where a cluster keeps what it knows of itself: a Postgres database, or etcd 3.4 and newer. */
export type MetadataOptions =
  | { readonly url: string }
  | {
      /** `http://host:2379`, one or more. */
      readonly etcd: readonly string[];
      /** Tells clusters apart that share an etcd [`postlog`]. */
      readonly cluster?: string;
    };

export interface OpenMetadataContext {
  readonly schema: string;
  readonly clientId: string;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  /** Bring the schema of a Postgres store up to date. */
  readonly migrate: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A store, and what is to be closed with it. */
export interface OpenMetadata {
  readonly store: MetadataStore;
  close(): Promise<void>;
}

/** A connection each for statements, one more for a commit while one is slow; the listener's is beside them. */
const POOL_SIZE = 2;

/** @throws PostlogError `INVALID_CONFIG`; what `migrate` throws. */
export async function openMetadata(options: MetadataOptions, context: OpenMetadataContext): Promise<OpenMetadata> {
  const { clock, random, logger, requestTimeout } = context;
  const {
    url,
    etcd,
    cluster = 'postlog',
  } = checkOptions(
    options as { url?: string; etcd?: readonly string[]; cluster?: string },
    ['url', 'etcd', 'cluster'],
    'metadata',
  );
  const onError = (error: unknown) => logger.debug('the metadata store met an error', { reason: String(error) });
  if ((url === undefined) === (etcd === undefined)) {
    throw invalid('metadata is { url } of a Postgres database or { etcd: [urls] }; give one of them');
  }
  if (etcd !== undefined) {
    const store = new EtcdMetadataStore({ endpoints: etcd, requestTimeout, clock, cluster, random, onError });
    return { store, close: () => store.close() };
  }
  const database = new Database({ ...context, url: checkConnectionUrl(url), poolSize: POOL_SIZE });
  try {
    if (context.migrate) await migrate(database);
    const store = new PostgresMetadataStore({ database, clock, random, onError });
    const close = async () => {
      await store.close();
      await database.close();
    };
    return { store, close };
  } catch (error) {
    await database.close();
    throw error;
  }
}
