import { checkPartition } from '../record/check-topic.js';
import { checkTopicName } from '../record/topic-name.js';
import { hostAndPort } from './broker-address.js';
import { checkInteger, checkOptions, invalid, shown } from './check-options.js';
import type {
  ClusterAdmin,
  ClusterDescription,
  ElectedLeader,
  ElectLeaders,
  OngoingTopicReassignment,
  PartitionReassignment,
} from './cluster-admin-types.js';
import type { Cluster, ClusterPartition, ReplicaTarget } from './cluster.js';
import { LogGroupAdmin } from './group-admin.js';
import type { MetadataCache } from './metadata-cache.js';

const NO_LEADER = -1;

interface SomePartitions {
  readonly topic: string;
  readonly partitions: readonly number[] | null;
}

/** @see ClusterAdmin */
export class LogClusterAdmin extends LogGroupAdmin implements ClusterAdmin {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster, metadata: MetadataCache) {
    super(cluster, metadata);
    this.#cluster = cluster;
  }

  async describeCluster(): Promise<ClusterDescription> {
    const { clusterId, controller, brokers } = await this.#cluster.operations.describe();
    const described = brokers.map(({ brokerId, rack, address, state }) => ({
      nodeId: brokerId,
      ...hostAndPort(address),
      rack,
      state,
    }));
    return { clusterId, controller, brokers: described.sort((a, b) => a.nodeId - b.nodeId) };
  }

  async electLeaders(options: ElectLeaders): Promise<ElectedLeader[]> {
    const { electionType, topicPartitions } = checkOptions(
      options,
      ['electionType', 'topicPartitions'],
      'electLeaders()',
    );
    if (electionType !== 'preferred' && electionType !== 'unclean')
      throw invalid(`electionType is ${shown(electionType)}; give 'preferred' or 'unclean'`);
    if (electionType === 'unclean' && topicPartitions === undefined)
      throw invalid('an unclean election may lose records; name the partitions in topicPartitions');
    const named = topicPartitions === undefined ? undefined : checkPartitions(topicPartitions, 'electLeaders()');
    const asked = named ?? (await this.#cluster.topics.list()).map((topic) => ({ topic, partitions: null }));
    const elected: ElectedLeader[] = [];
    for (const { topic, partitions } of asked) {
      for (const { leader, error, ...place } of await this.#cluster.operations.elect(electionType, topic, partitions)) {
        if (named === undefined && error !== undefined) continue;
        elected.push({ ...place, leader: leader ?? NO_LEADER, error: error ?? null });
      }
    }
    return elected;
  }

  async alterPartitionReassignments(options: { readonly topics: readonly PartitionReassignment[] }): Promise<void> {
    const { topics } = checkOptions(options, ['topics', 'timeout'], 'alterPartitionReassignments()');
    if (!Array.isArray(topics))
      throw invalid('alterPartitionReassignments() takes topics: an array of { topic, partitionAssignment }');
    const checked = (topics as readonly PartitionReassignment[]).map(({ topic, partitionAssignment }) => ({
      topic: checkTopicName(topic),
      targets: checkTargets(partitionAssignment),
    }));
    for (const { topic, targets } of checked) await this.#cluster.operations.reassign(topic, targets);
  }

  async listPartitionReassignments(
    options: Parameters<ClusterAdmin['listPartitionReassignments']>[0] = {},
  ): Promise<{ topics: OngoingTopicReassignment[] }> {
    const { topics } = checkOptions(options, ['topics', 'timeout'], 'listPartitionReassignments()');
    const asked = topics === undefined ? null : checkPartitions(topics, 'listPartitionReassignments()');
    const described = await this.#cluster.topics.describe(asked?.map(({ topic }) => topic) ?? null);
    const isAsked = ({ topic, partition }: ClusterPartition) => {
      const partitions = asked?.find((each) => each.topic === topic)?.partitions ?? null;
      return partitions === null || partitions.includes(partition);
    };
    return {
      topics: described
        .map(({ topic, partitions }) => ({ topic, partitions: partitions.filter(isAsked).flatMap(underWay) }))
        .filter(({ partitions }) => partitions.length > 0),
    };
  }

  async drainBroker(brokerId: number): Promise<void> {
    const checked = checkInteger(brokerId, 'brokerId', { min: 1, max: 2 ** 31 - 1, fallback: 0 });
    if (checked === 0) throw invalid('drainBroker() takes the number of a broker');
    await this.#cluster.operations.drain(checked);
  }
}

function underWay(place: ClusterPartition): OngoingTopicReassignment['partitions'] {
  const { partition, replicas, addingReplicas = [], removingReplicas = [] } = place;
  if (addingReplicas.length === 0 && removingReplicas.length === 0) return [];
  const [adding, removing] = [[...addingReplicas], [...removingReplicas]];
  return [{ partitionIndex: partition, replicas: [...replicas], addingReplicas: adding, removingReplicas: removing }];
}

function checkPartitions(given: unknown, what: string): SomePartitions[] {
  if (!Array.isArray(given)) throw invalid(`${what} takes an array of { topic, partitions }`);
  return (given as readonly { readonly topic: string; readonly partitions?: readonly number[] }[]).map((each) => {
    const { topic, partitions } = checkOptions(each, ['topic', 'partitions'], what);
    if (partitions !== undefined && !Array.isArray(partitions))
      throw invalid(`partitions of ${what} is ${shown(partitions)}; give an array of numbers`);
    return {
      topic: checkTopicName(topic),
      partitions: partitions?.map((partition) => checkPartition(partition)) ?? null,
    };
  });
}

function checkTargets(given: unknown): ReplicaTarget[] {
  const what = 'partitionAssignment';
  if (!Array.isArray(given)) throw invalid(`${what} is ${shown(given)}; give an array of { partition, replicas }`);
  return (given as readonly ReplicaTarget[]).map((each) => {
    const { partition, replicas } = checkOptions(each, ['partition', 'replicas'], what);
    if (replicas !== null && !Array.isArray(replicas))
      throw invalid(`replicas is ${shown(replicas)}; give an array of brokers, or null to take a reassignment back`);
    return { partition: checkPartition(partition), replicas };
  });
}
