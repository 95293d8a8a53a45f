import type { ErrorCode } from '../errors/error-code.js';

/** A broker of a cluster (KafkaJS's, and what it lacks). */
export interface BrokerDescription {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  /** `fenced`: without a session, or not yet in service; `draining`: it gives its leaderships away. */
  readonly state: 'active' | 'fenced' | 'draining';
}

export interface ClusterDescription {
  /** Ascending. */
  readonly brokers: BrokerDescription[];
  /** Null while nobody is. */
  readonly controller: number | null;
  readonly clusterId: string;
}

export interface ElectLeaders {
  /** `preferred`: back to the first replica, if it is in sync. `unclean`: to any that is alive, where nobody leads; records may be lost. */
  readonly electionType: 'preferred' | 'unclean';
  /** [all; for an unclean election they must be named] */
  readonly topicPartitions?: readonly { readonly topic: string; readonly partitions?: readonly number[] }[];
}

export interface ElectedLeader {
  readonly topic: string;
  readonly partition: number;
  /** -1: nobody. */
  readonly leader: number;
  /** Null when a leader was elected, else why not: `ELECTION_NOT_NEEDED`, `PREFERRED_LEADER_NOT_AVAILABLE`, `ELIGIBLE_LEADERS_NOT_AVAILABLE`, … */
  readonly error: ErrorCode | null;
}

export interface PartitionReassignment {
  readonly topic: string;
  readonly partitionAssignment: readonly {
    readonly partition: number;
    /** In the order of preference; null takes back what is under way. */
    readonly replicas: readonly number[] | null;
  }[];
}

export interface OngoingTopicReassignment {
  readonly topic: string;
  readonly partitions: {
    readonly partitionIndex: number;
    readonly replicas: number[];
    readonly addingReplicas: number[];
    readonly removingReplicas: number[];
  }[];
}

/** Looks at a cluster and steers where its replicas and leaders are (KafkaJS's `Admin`, and what `kafka-leader-election` does). */
export interface ClusterAdmin {
  describeCluster(): Promise<ClusterDescription>;
  /** Answers what became of each partition; without `topicPartitions` of those only in which somebody was elected. @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION` */
  electLeaders(options: ElectLeaders): Promise<ElectedLeader[]>;
  /**
   * Begins to move replicas: new ones are added, and the old ones go when all new ones are in sync (`listPartitionReassignments` shows
   * those that are under way). The partitions of one topic together or not at all.
   *
   * @throws PostlogError `INVALID_REQUEST`, `NO_REASSIGNMENT_IN_PROGRESS`, `UNKNOWN_TOPIC_OR_PARTITION`
   */
  alterPartitionReassignments(options: { readonly topics: readonly PartitionReassignment[] }): Promise<void>;
  listPartitionReassignments(options?: {
    readonly topics?: readonly { readonly topic: string; readonly partitions?: readonly number[] }[];
  }): Promise<{ topics: OngoingTopicReassignment[] }>;
  /**
   * Takes a broker out of service in order: others lead what it led when this resolves. It goes on copying until it is stopped, and is
   * back in service once it has started anew.
   *
   * @throws PostlogError `INVALID_REQUEST`, `REQUEST_TIMED_OUT`
   */
  drainBroker(brokerId: number): Promise<void>;
}
