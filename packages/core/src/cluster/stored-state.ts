import { PostlogError } from '../errors/postlog-error.js';
import type { MetadataEntry } from '../metadata/metadata-store.js';
import type { BrokerId, BrokerIdentity, PartitionState, RegisteredBroker, TopicState } from './cluster-image.js';

/** What tells one cluster from another. */
export interface ClusterDescription {
  readonly clusterId: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

export const TOPICS = 'topics/';
export const BROKERS = 'brokers/';
export const CLUSTER_KEY = 'cluster';
/** The next free partition id; none is used twice in a cluster. */
export const PARTITION_ID_KEY = 'counters/partitionId';

export const topicKey = (topic: string) => `${TOPICS}${topic}`;
export const brokerKey = (brokerId: BrokerId) => `${BROKERS}${brokerId}`;

/** Each reader takes what the store holds and answers it, checked. @throws PostlogError that names the key and the field. */
export function readTopic(entry: MetadataEntry): TopicState {
  const topic = read<TopicState>(entry, TOPIC);
  if (topicKey(topic.topic) !== entry.key) throw malformed(entry.key, '.topic');
  topic.partitions.forEach(({ partition }, at) => {
    if (partition !== at) throw malformed(entry.key, `.partitions[${at}].partition`);
  });
  return topic;
}

export function readBroker(entry: MetadataEntry): RegisteredBroker {
  const broker = read<RegisteredBroker>(entry, BROKER);
  if (brokerKey(broker.brokerId) !== entry.key) throw malformed(entry.key, '.brokerId');
  return broker;
}

export function readPartitionId(entry: MetadataEntry): number {
  return read<number>(entry, isPositive);
}

export function readCluster(entry: MetadataEntry): ClusterDescription {
  return read<ClusterDescription>(entry, object({ clusterId: isText, createdAt: isText }));
}

/** Undefined when a value is right, else the path to what is wrong in it. */
type Check = (value: unknown) => string | undefined;

/** Fields that a newer version may have added stay where they are. */
function read<T>({ key, value }: MetadataEntry, check: Check): T {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch (cause) {
    throw malformed(key, '', cause);
  }
  const wrong = check(parsed);
  if (wrong !== undefined) throw malformed(key, wrong);
  return parsed as T;
}

function malformed(key: string, path: string, cause?: unknown): PostlogError {
  const what = path === '' ? 'it is no such value' : `${path.replace(/^\./, '')} is wrong`;
  return new PostlogError(
    'UNKNOWN_SERVER_ERROR',
    `the metadata entry ${key} is malformed (${what}); somebody else wrote it, or a version that is too new: put it right by hand.`,
    { cause },
  );
}

const that =
  (isRight: (value: unknown) => boolean): Check =>
  (value) =>
    isRight(value) ? undefined : '';

const isText = that((value) => typeof value === 'string');
const isTextOrNull = that((value) => value === null || typeof value === 'string');
const isTruth = that((value) => typeof value === 'boolean');
const isCount = that((value) => Number.isSafeInteger(value) && Number(value) >= 0);
const isPositive = that((value) => Number.isSafeInteger(value) && Number(value) > 0);
const isLeader: Check = (value) => (value === null ? undefined : isCount(value));
const isState = that((value) => value === 'active' || value === 'fenced' || value === 'draining');
const isBytes = that((value) => typeof value === 'string' && /^\d+$/.test(value));

function list(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return '';
    for (const [at, item] of value.entries()) {
      const wrong = check(item);
      if (wrong !== undefined) return `[${at}]${wrong}`;
    }
    return undefined;
  };
}

function object<T>(fields: Readonly<Record<keyof T & string, Check>>): Check {
  const checks = Object.entries<Check>(fields);
  return (value) => {
    if (typeof value !== 'object' || value === null) return '';
    for (const [name, check] of checks) {
      const wrong = check(Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined);
      if (wrong !== undefined) return `.${name}${wrong}`;
    }
    return undefined;
  };
}

const isConfig: Check = (value) => {
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).every((setting) => typeof setting === 'string') ? undefined : '';
};

const PARTITION = object<PartitionState>({
  partition: isCount,
  partitionId: isPositive,
  replicas: list(isCount),
  addingReplicas: list(isCount),
  removingReplicas: list(isCount),
  isr: list(isCount),
  elr: list(isCount),
  leader: isLeader,
  leaderEpoch: isCount,
  partitionEpoch: isCount,
  isRecovering: isTruth,
});

const TOPIC = object<TopicState>({
  topic: isText,
  topicId: isText,
  config: isConfig,
  replicationFactor: isPositive,
  partitions: list(PARTITION),
});

const BROKER = object<RegisteredBroker>({
  brokerId: isCount,
  rack: isTextOrNull,
  address: isText,
  identity: object<BrokerIdentity>({
    systemIdentifier: isText,
    timelineId: isCount,
    incarnation: isCount,
    flushedWal: isBytes,
  }),
  brokerEpoch: isCount,
  state: isState,
});
