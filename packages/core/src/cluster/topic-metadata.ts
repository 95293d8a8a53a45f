import { PostlogError } from '../errors/postlog-error.js';
import type { MetadataChange, MetadataStore } from '../metadata/metadata-store.js';
import type { Random } from '../runtime/random.js';
import type { PartitionState, TopicState } from './cluster-image.js';
import { findTopic, putTopic } from './cluster-metadata.js';
import { compareAndSet, findEntry, type Fence } from './compare-and-set.js';
import { PARTITION_ID_KEY, readPartitionId, readTopic, topicKey } from './stored-state.js';

/** A partition that has no number in the cluster yet. */
export type NewPartition = Omit<PartitionState, 'partitionId'>;

export interface NewTopic extends Omit<TopicState, 'topicId' | 'partitions'> {
  readonly partitions: readonly NewPartition[];
}

/** Creates a topic; its partitions get their numbers in the same commit. @throws PostlogError `TOPIC_ALREADY_EXISTS`. */
export function createTopic(
  store: MetadataStore,
  topic: NewTopic,
  { random, fence }: { readonly random: Pick<Random, 'uuid'>; readonly fence?: Fence },
): Promise<TopicState> {
  const key = topicKey(topic.topic);
  const topicId = random.uuid();
  return compareAndSet(
    store,
    async () => {
      const existing = await findEntry(store, key);
      if (existing !== undefined) {
        const answer = readTopic(existing);
        // An answer was lost on the way, and somebody has changed the topic since.
        if (answer.topicId === topicId) return { changes: [], answer };
        throw new PostlogError('TOPIC_ALREADY_EXISTS', `topic ${topic.topic} exists already.`);
      }
      const { partitions, change } = await number(store, topic.partitions);
      const answer = { ...topic, topicId, partitions };
      return { changes: [{ key, expectedRevision: 0n, value: JSON.stringify(answer) }, change], answer };
    },
    fence,
  );
}

/** Appends the partitions that `plan` answers for the topic as it is found. @throws PostlogError as `updateTopic`. */
export function addPartitions(
  store: MetadataStore,
  topic: string,
  plan: (topic: TopicState) => readonly NewPartition[],
  fence?: Fence,
): Promise<TopicState> {
  return compareAndSet(
    store,
    async () => {
      const entry = await findTopic(store, topic);
      const before = readTopic(entry);
      const added = plan(before);
      if (added.length === 0) return { changes: [], answer: before };
      const { partitions, change } = await number(store, added);
      const answer = { ...before, partitions: [...before.partitions, ...partitions] };
      return { changes: [putTopic(entry, answer), change], answer };
    },
    fence,
  );
}

/** Deletes a topic; answers false when there was none. One that was created meanwhile under the same name stays. */
export function deleteTopic(store: MetadataStore, topic: string, fence?: Fence): Promise<boolean> {
  const key = topicKey(topic);
  let topicId: string | undefined;
  return compareAndSet(
    store,
    async () => {
      const entry = await findEntry(store, key);
      if (entry === undefined) return { changes: [], answer: topicId !== undefined };
      const found = readTopic(entry).topicId;
      topicId ??= found;
      if (found !== topicId) return { changes: [], answer: true };
      return { changes: [{ key, expectedRevision: entry.revision, value: null }], answer: true };
    },
    fence,
  );
}

/** Partitions with the next free numbers, and the change that takes these from the counter. */
async function number(
  store: MetadataStore,
  partitions: readonly NewPartition[],
): Promise<{ readonly partitions: PartitionState[]; readonly change: MetadataChange }> {
  const counter = await findEntry(store, PARTITION_ID_KEY);
  const first = counter === undefined ? 1 : readPartitionId(counter);
  return {
    partitions: partitions.map((partition, at) => ({ ...partition, partitionId: first + at })),
    change: {
      key: PARTITION_ID_KEY,
      expectedRevision: counter?.revision ?? 0n,
      value: String(first + partitions.length),
    },
  };
}
