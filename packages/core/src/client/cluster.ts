/**
 * What clients talk to instead of a broker: who leads which partition, who coordinates which group, what topics there are.
 *
 * With one Postgres this is `SingleBrokerCluster`. Nothing in here reads or writes records; it only says whom to ask.
 */
import type { ClientBroker } from '../broker/log-requests.js';
import type { ParkedRecords } from '../broker/parked-records.js';
import type { BrokerId, BrokerState } from '../cluster/cluster-image.js';
import type { ErrorCode } from '../errors/error-code.js';
import type { Assignor } from '../group/assignors.js';
import type { Coordinator } from '../group/group-coordinator.js';
import type { NewTopic } from '../log/topic.store.js';
import type { TopicPartition } from '../record/topic-partition.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { Purgatory } from '../runtime/purgatory.js';
import type { Random } from '../runtime/random.js';

/** A partition, and the number that names it in every broker's database. */
export interface PartitionPlace extends TopicPartition {
  readonly partitionId: number;
}

export interface ClusterPartition extends PartitionPlace {
  /** Null: nobody leads it now. */
  readonly leader: BrokerId | null;
  readonly leaderEpoch: number;
  /** In the order of assignment; the first is the preferred leader. */
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  /** Replicas whose broker is out of service. */
  readonly offlineReplicas: readonly BrokerId[];
  /** In a cluster: eligible leaders that are not in sync (rule D29). */
  readonly elr?: readonly BrokerId[];
  /** In a cluster: replicas on their way in or out (rule D35). */
  readonly addingReplicas?: readonly BrokerId[];
  readonly removingReplicas?: readonly BrokerId[];
}

export interface ClusterTopic {
  readonly topic: string;
  readonly topicId: string;
  /** Only what differs from the defaults, by Kafka's names. */
  readonly config: Readonly<Record<string, string>>;
  /** By partition number. */
  readonly partitions: readonly ClusterPartition[];
}

/** A leader as far as this process knows. */
export interface KnownLeader {
  readonly brokerId: BrokerId;
  /** Goes with every request to it; -1 where the broker itself knows best. */
  readonly leaderEpoch: number;
}

/** The same, attached. */
export interface Leadership {
  readonly broker: ClientBroker;
  readonly leaderEpoch: number;
}

/** Where a group is coordinated. */
export interface GroupSeat {
  readonly brokerId: BrokerId;
  readonly coordinator: Coordinator;
  /** Wakes the members of a group, by `groupKey`. */
  readonly groupsChanged: Purgatory<string>;
}

export interface Cluster {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly topics: ClusterTopics;
  readonly operations: ClusterOperations;
  /** Topics, groups and what is noted of them are in one database, and change in one transaction. */
  readonly isOneBroker: boolean;
  /** Where records of keys wait that could not be handled; undefined where that is not possible. */
  readonly parked: ParkedRecords | undefined;
  /** Who leads a partition as far as is known, without waiting. */
  knownLeader(place: PartitionPlace): KnownLeader | undefined;
  /** Attaches to a broker. @throws PostlogError `BROKER_NOT_AVAILABLE` without a url for it, `NETWORK_EXCEPTION` */
  broker(brokerId: BrokerId): Promise<ClientBroker>;
  /** @throws PostlogError `LEADER_NOT_AVAILABLE` while nobody leads it; as `broker` */
  leaderOf(place: PartitionPlace): Promise<Leadership>;
  /** Something proved the knowledge of leaders wrong: resolves when it was read anew. */
  refresh(): Promise<void>;
  /** Calls back when other leaders have become known; the answer ends that. */
  onLeadersChanged(run: () => void): () => void;
  /** Who coordinates a group as far as is known, without waiting. */
  knownCoordinator(groupId: string): KnownLeader | undefined;
  /** @throws PostlogError `COORDINATOR_NOT_AVAILABLE`; as `broker` */
  coordinatorOf(groupId: string): Promise<GroupSeat>;
  /** The group is not coordinated where we thought. */
  forgetCoordinator(groupId: string): void;
  /** Everybody who coordinates groups. */
  coordinators(): Promise<readonly GroupSeat[]>;
  /** Makes an assignor known to every coordinator of this process. */
  learnAssignor(name: string, assignor: Assignor): void;
  close(): Promise<void>;
}

/** Topics as the whole cluster has them. */
export interface ClusterTopics {
  /** Brokers that are registered, by number. */
  brokerIds(): Promise<readonly BrokerId[]>;
  list(): Promise<string[]>;
  /** The named topics, or all, read now; those that do not exist are left out. */
  describe(topics: readonly string[] | null): Promise<ClusterTopic[]>;
  /** Answers false when the name is taken. */
  create(topic: NewTopic): Promise<boolean>;
  /** Raises the number of partitions; answers how many there were, or undefined when there is no such topic. */
  addPartitions(topic: string, partitionCount: number): Promise<number | undefined>;
  /** Answers false when there was none. */
  delete(topic: string): Promise<boolean>;
  /** Topics were created, deleted or changed: members of every group look at once whether it concerns them. */
  announce(): void;
}

/** A broker as an operator sees it. */
interface ClusterBroker {
  readonly brokerId: BrokerId;
  readonly rack: string | null;
  /** `host:port/database` */
  readonly address: string;
  readonly state: BrokerState;
}

export interface ClusterState {
  readonly clusterId: string;
  /** Null: nobody holds the lease now. */
  readonly controller: BrokerId | null;
  readonly brokers: readonly ClusterBroker[];
}

export type ElectionType = 'preferred' | 'unclean';

/** What became of one partition in an election. */
export interface ElectionOutcome extends TopicPartition {
  /** Null: nobody leads it. */
  readonly leader: BrokerId | null;
  /** Why nothing changed; undefined when somebody was elected. */
  readonly error: ErrorCode | undefined;
}

/** Where the replicas of a partition shall be; null: where they were before the reassignment that is under way. */
export interface ReplicaTarget {
  readonly partition: number;
  readonly replicas: readonly BrokerId[] | null;
}

/** What an operator does to the cluster as a whole. */
export interface ClusterOperations {
  describe(): Promise<ClusterState>;
  /** Elects in these partitions of a topic, or in all of it. */
  elect(type: ElectionType, topic: string, partitions: readonly number[] | null): Promise<readonly ElectionOutcome[]>;
  /** All of a topic's partitions at once, or none. @throws PostlogError `INVALID_REQUEST`, `NO_REASSIGNMENT_IN_PROGRESS` */
  reassign(topic: string, targets: readonly ReplicaTarget[]): Promise<void>;
  /** The broker gives its leaderships away; resolves when it has none left that others could have. */
  drain(brokerId: BrokerId): Promise<void>;
}
