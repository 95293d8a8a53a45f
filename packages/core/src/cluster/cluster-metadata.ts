import { PostlogError } from '../errors/postlog-error.js';
import { checkChanges, sizeOf } from '../metadata/check-changes.js';
import {
  MOST_BYTES,
  MOST_CHANGES,
  type MetadataChange,
  type MetadataEntry,
  type MetadataStore,
} from '../metadata/metadata-store.js';
import type { BrokerId, ClusterImage, RegisteredBroker, TopicState } from './cluster-image.js';
import { commitForSure, compareAndSet, findEntry, type Fence } from './compare-and-set.js';
import {
  BROKERS,
  brokerKey,
  CLUSTER_KEY,
  readBroker,
  readCluster,
  readTopic,
  topicKey,
  TOPICS,
  type ClusterDescription,
} from './stored-state.js';

/** A cluster's image with what a change of it is compared with. */
export interface StoredImage extends ClusterImage {
  /** Of topics' and brokers' entries, by key. */
  readonly revisions: ReadonlyMap<string, bigint>;
}

/** Brokers and topics in the state that they should have; those only that change. */
export interface ClusterChanges {
  readonly brokers: readonly RegisteredBroker[];
  readonly topics: readonly TopicState[];
}

/** All brokers and topics, under one snapshot. @throws PostlogError that names the key of a malformed entry. */
export async function readImage(store: MetadataStore): Promise<StoredImage> {
  const { revision, entries } = await store.list('');
  const brokers = new Map<BrokerId, RegisteredBroker>();
  const topics = new Map<string, TopicState>();
  const revisions = new Map<string, bigint>();
  for (const entry of entries) {
    if (entry.key.startsWith(BROKERS)) {
      const broker = readBroker(entry);
      brokers.set(broker.brokerId, broker);
    } else if (entry.key.startsWith(TOPICS)) {
      const topic = readTopic(entry);
      topics.set(topic.topic, topic);
    } else continue; // Counters, and what a newer version keeps here.
    revisions.set(entry.key, entry.revision);
  }
  return { revision, brokers, topics, revisions };
}

/**
 * Writes what was decided on an image, unless one of the entries has changed since: then answers false, and it has to be
 * decided again on a new image. In one commit as far as the store's limits allow, brokers first; beyond that in several,
 * of which the first that fails is the last.
 *
 * @throws PostlogError `NOT_CONTROLLER` when the fence refused it; with `outcome: 'unknown'` when the store stays away.
 */
export async function commitDecision(
  store: MetadataStore,
  image: StoredImage,
  changes: ClusterChanges,
  fence?: Fence,
): Promise<boolean> {
  const toChange = (key: string, value: object): MetadataChange => ({
    key,
    expectedRevision: image.revisions.get(key) ?? 0n,
    value: JSON.stringify(value),
  });
  const all = [
    ...changes.brokers.map((broker) => toChange(brokerKey(broker.brokerId), broker)),
    ...changes.topics.map((topic) => toChange(topicKey(topic.topic), topic)),
  ];
  const commits = split(all);
  commits.forEach(checkChanges);
  for (const commit of commits) if (!(await commitForSure(store, commit, fence))) return false;
  return true;
}

/** The cluster that the store is of; `fresh` when it is of none yet. */
export function openCluster(store: MetadataStore, fresh: ClusterDescription): Promise<ClusterDescription> {
  return compareAndSet(
    store,
    async () => {
      const entry = await findEntry(store, CLUSTER_KEY);
      if (entry !== undefined) return { changes: [], answer: readCluster(entry) };
      const change = { key: CLUSTER_KEY, expectedRevision: 0n, value: JSON.stringify(fresh) };
      return { changes: [change], answer: fresh };
    },
    undefined,
  );
}

/**
 * Changes a broker's entry by compare-and-set: `change` is asked again for every state that it is found in, and answers
 * undefined where there is nothing to do. Answers the new state, or undefined where it did.
 */
export function updateBroker(
  store: MetadataStore,
  brokerId: BrokerId,
  change: (broker: RegisteredBroker | undefined) => RegisteredBroker | undefined,
  fence?: Fence,
): Promise<RegisteredBroker | undefined> {
  const key = brokerKey(brokerId);
  return compareAndSet(
    store,
    async () => {
      const entry = await findEntry(store, key);
      const answer = change(entry === undefined ? undefined : readBroker(entry));
      if (answer === undefined) return { changes: [], answer };
      if (answer.brokerId !== brokerId)
        throw new PostlogError('INVALID_REQUEST', `${key} cannot become ${answer.brokerId}.`);
      const expectedRevision = entry?.revision ?? 0n;
      return { changes: [{ key, expectedRevision, value: JSON.stringify(answer) }], answer };
    },
    fence,
  );
}

/**
 * Changes a topic by compare-and-set: `change` is asked again for every state that it is found in, and answers undefined
 * where there is nothing to do (left). Answers the new state, or undefined where it did.
 *
 * `brokers` are those that the decision rests on: `change` is shown them, and their entries must not have changed either.
 *
 * @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION`, `NOT_CONTROLLER`; with `outcome: 'unknown'` when the store stays away.
 */
export function updateTopic(
  store: MetadataStore,
  topic: string,
  change: (topic: TopicState, brokers: ReadonlyMap<BrokerId, RegisteredBroker>) => TopicState | undefined,
  { brokers = [], fence }: { readonly brokers?: readonly BrokerId[]; readonly fence?: Fence } = {},
): Promise<TopicState | undefined> {
  return compareAndSet(
    store,
    async () => {
      const entry = await findTopic(store, topic);
      const { known, comparisons } = await findBrokers(store, new Set(brokers));
      const answer = change(readTopic(entry), known);
      if (answer === undefined) return { changes: [], answer };
      return { changes: [putTopic(entry, answer), ...comparisons], answer };
    },
    fence,
  );
}

/** @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION`. */
export async function findTopic(store: MetadataStore, topic: string): Promise<MetadataEntry> {
  const entry = await findEntry(store, topicKey(topic));
  if (entry !== undefined) return entry;
  throw new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${topic} in the cluster; create it first.`);
}

/** The change that puts a topic in another's place, which must have its name. */
export function putTopic({ key, revision }: MetadataEntry, topic: TopicState): MetadataChange {
  if (topicKey(topic.topic) !== key) throw new PostlogError('INVALID_REQUEST', `${key} cannot become ${topic.topic}.`);
  return { key, expectedRevision: revision, value: JSON.stringify(topic) };
}

/** Those of the brokers that are registered, and comparisons that hold while none of all of them changes. */
async function findBrokers(store: MetadataStore, brokers: ReadonlySet<BrokerId>) {
  const entries = brokers.size === 0 ? [] : (await store.list(BROKERS)).entries;
  const found = new Map(entries.map((entry) => [entry.key, entry]));
  const known = new Map<BrokerId, RegisteredBroker>();
  const comparisons = [...brokers].map((broker): MetadataChange => {
    const entry = found.get(brokerKey(broker));
    if (entry !== undefined) known.set(broker, readBroker(entry));
    return { key: brokerKey(broker), expectedRevision: entry?.revision ?? 0n };
  });
  return { known, comparisons };
}

/** In order, each part within the limits of a commit (a change that is too large by itself is a part of its own). */
function split(changes: readonly MetadataChange[]): MetadataChange[][] {
  const parts: MetadataChange[][] = [];
  let size = Infinity;
  for (const change of changes) {
    const part = parts.at(-1);
    if (part !== undefined && part.length < MOST_CHANGES && size + sizeOf(change) <= MOST_BYTES) {
      part.push(change);
      size += sizeOf(change);
    } else {
      parts.push([change]);
      size = sizeOf(change);
    }
  }
  return parts;
}
