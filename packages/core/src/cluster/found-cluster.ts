/**
 * Makes a cluster of a broker that was alone: its topics, with their numbers and where their leaders are, become the metadata store's.
 *
 * It may be repeated: what is there already stays. The broker's database is marked first, and from then on refuses to change its topics alone, so that none
 * is made that the metadata store does not know.
 */
import { PostlogError } from '../errors/postlog-error.js';
import type { MetadataChange, MetadataStore } from '../metadata/metadata-store.js';
import { commitForSure } from './compare-and-set.js';
import type { BrokerDatabase } from './broker-database.js';
import type { BrokerId, TopicState } from './cluster-image.js';
import { readImage } from './cluster-metadata.js';
import { PARTITION_ID_KEY, topicKey } from './stored-state.js';

export interface FoundClusterOptions {
  readonly brokerId: BrokerId;
  readonly store: MetadataStore;
  readonly database: BrokerDatabase;
  /** The broker's topics, all led by itself, as its database has them after it was marked. */
  readonly readTopics: () => Promise<readonly TopicState[]>;
  readonly replicaLagTimeMaxMs: number;
}

/** Answers the names of the topics that it took over. @throws PostlogError `INVALID_REQUEST` when the metadata store is another cluster's. */
export async function foundCluster(options: FoundClusterOptions): Promise<string[]> {
  const { brokerId, store, database, readTopics, replicaLagTimeMaxMs } = options;
  const image = await readImage(store);
  const found = await database.identify();
  if ([...image.brokers.keys()].some((other) => other !== brokerId)) {
    throw new PostlogError(
      'INVALID_REQUEST',
      'the metadata store has other brokers already; a broker with topics of its own can only be the first. Start an empty one with "postlog broker".',
    );
  }
  if (found.incarnation === 0) await database.raiseIncarnation(brokerId, replicaLagTimeMaxMs, 0);
  const topics = (await readTopics()).filter(({ topic }) => !image.topics.has(topic));
  const taken: string[] = [];
  for (const topic of topics) {
    if (await commitForSure(store, await changesFor(store, topic), undefined)) taken.push(topic.topic);
  }
  return taken;
}

async function changesFor(store: MetadataStore, topic: TopicState): Promise<MetadataChange[]> {
  const counter = (await store.list(PARTITION_ID_KEY)).entries.find(({ key }) => key === PARTITION_ID_KEY);
  const next = Math.max(
    counter === undefined ? 1 : Number(counter.value),
    ...topic.partitions.map(({ partitionId }) => partitionId + 1),
  );
  return [
    { key: topicKey(topic.topic), expectedRevision: 0n, value: JSON.stringify(topic) },
    { key: PARTITION_ID_KEY, expectedRevision: counter?.revision ?? 0n, value: String(next) },
  ];
}
