import type { Random } from '../runtime/random.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import type { RegisteredBroker, TopicState } from './cluster-image.js';
import { placeReplicas } from './replica-placement.js';
import { createTopic } from './topic-metadata.js';

/** Kafka's name for the topic in whose partitions groups are kept, and its number of partitions. */
export const OFFSETS_TOPIC = '__consumer_offsets';
const OFFSETS_PARTITIONS = 50;
const MOST_REPLICAS = 3;

/**
 * Creates the topic that groups are kept in, unless it is there: three replicas, or as many as there are brokers in service, of which all but one must be in
 * sync. `brokers`: those in service.
 */
export async function createOffsetsTopic(
  store: MetadataStore,
  brokers: readonly Pick<RegisteredBroker, 'brokerId' | 'rack'>[],
  random: Pick<Random, 'next' | 'uuid'>,
): Promise<void> {
  const replicationFactor = Math.min(MOST_REPLICAS, brokers.length);
  const placed = placeReplicas({ partitions: OFFSETS_PARTITIONS, replicationFactor, brokers, random: random.next });
  const partitions: Omit<TopicState['partitions'][number], 'partitionId'>[] = placed.map((replicas, partition) => ({
    partition,
    replicas,
    isr: replicas,
    addingReplicas: [],
    removingReplicas: [],
    elr: [],
    leader: replicas[0]!,
    leaderEpoch: 0,
    partitionEpoch: 0,
    isRecovering: false,
  }));
  const config = { 'min.insync.replicas': String(Math.max(1, replicationFactor - 1)) };
  try {
    await createTopic(store, { topic: OFFSETS_TOPIC, config, replicationFactor, partitions }, { random });
  } catch (error) {
    if (!(error instanceof PostlogError) || error.code !== 'TOPIC_ALREADY_EXISTS') throw error;
  }
}
