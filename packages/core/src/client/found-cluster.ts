import { Broker } from '../broker/broker.js';
import { foundCluster as takeOver } from '../cluster/found-cluster.js';
import { createOffsetsTopic } from '../cluster/offsets-topic.js';
import { PostgresBrokerDatabase } from '../cluster/postgres-broker-database.js';
import { checkConnectionUrl } from '../postgres/connection-url.js';
import { systemClock } from '../runtime/clock.js';
import { silentLogger } from '../runtime/logger.js';
import { systemRandom } from '../runtime/random.js';
import { checkOptions } from './check-options.js';
import { openMetadata, type MetadataOptions } from './open-metadata.js';

export interface FoundClusterOptions {
  /** The number that the broker gets [1]. */
  readonly id?: number;
  /** Its database, with the topics and groups that it has. */
  readonly url: string;
  readonly metadata: MetadataOptions;
  readonly schema?: string;
}

/**
 * Makes a broker that was alone the first of a cluster. Its topics keep their records and offsets, its groups their positions; start it with `startBroker` (or
 * `postlog broker`) right afterwards: until then nobody leads its partitions. Clients that connect by `url` alone go on producing and fetching;
 * consumer groups need `brokers` and `metadata` from then on. May be repeated. Answers the topics that were taken over.
 *
 * Records cannot be published in transactions of this database from then on, but in those of `connect({ applications })`. What was is in the log first: while it is not, or while a transaction that published is
 * open still, nothing is changed.
 *
 * @throws PostlogError `INVALID_CONFIG`, `INVALID_REQUEST` when the metadata store is another cluster's or records of the outbox are not in the log
 * yet, `KAFKA_STORAGE_ERROR`, retriable, when a transaction is in the way
 */
export async function foundCluster(given: FoundClusterOptions): Promise<string[]> {
  const options = checkOptions(given, ['id', 'url', 'metadata', 'schema'], 'foundCluster()');
  const { id: brokerId = 1, schema = 'postlog' } = options;
  const shared = {
    schema,
    clientId: 'founder',
    connectionTimeout: 10_000,
    requestTimeout: 30_000,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  };
  const metadata = await openMetadata(options.metadata, { ...shared, migrate: true });
  try {
    const broker = await Broker.open({
      ...shared,
      brokerId,
      url: checkConnectionUrl(options.url),
      migrate: true,
      services: false,
      offsetsRetentionMs: 604_800_000,
      maxConnections: 2,
    });
    try {
      const database = new PostgresBrokerDatabase(broker.database);
      const readTopics = () => database.readTopics();
      const { store } = metadata;
      const taken = await takeOver({ brokerId, store, database, readTopics, replicaLagTimeMaxMs: 30_000 });
      // Its groups can be taken into their logs only where these are led: here.
      await createOffsetsTopic(store, [{ brokerId, rack: null }], systemRandom);
      return taken;
    } finally {
      await broker.close();
    }
  } finally {
    await metadata.close();
  }
}
