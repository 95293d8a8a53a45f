/**
 * What a cluster knows of itself: plain values, as the metadata store holds them.
 *
 * Everything here is decided by the controller or, for in-sync replicas, by a partition's leader, and written by
 * compare-and-set only. Nothing on the path of a record reads the store.
 */

/** Small positive integer, chosen by whoever runs the broker. */
export type BrokerId = number;

/** What tells one Postgres database from another, and from an older copy of itself (`docs/spec/controller.md`). */
export interface BrokerIdentity {
  /** `pg_control_system().system_identifier`, as text. */
  readonly systemIdentifier: string;
  readonly timelineId: number;
  /** Raised in the broker's own database by each registration. */
  readonly incarnation: number;
  /** WAL up to a whole record that was flushed when the broker last said so, in bytes from `0/0`. */
  readonly flushedWal: string;
}

/**
 * `fenced`: its session is over, or it has only just registered; it leads nothing and is in no set of in-sync replicas.
 * `draining`: it gives its leaderships away (controlled shutdown).
 */
export type BrokerState = 'active' | 'fenced' | 'draining';

export interface RegisteredBroker {
  readonly brokerId: BrokerId;
  readonly rack: string | null;
  /** `host:port/database`, for people; never a password. */
  readonly address: string;
  readonly identity: BrokerIdentity;
  /** Rises with each registration (rule D26). */
  readonly brokerEpoch: number;
  readonly state: BrokerState;
}

export interface PartitionState {
  /** Position in its topic, from 0. */
  readonly partition: number;
  /** The number that names the partition in every broker's database. */
  readonly partitionId: number;
  /** In the order of assignment; the first is the preferred leader (rule D32). During a reassignment old and new ones. */
  readonly replicas: readonly BrokerId[];
  readonly addingReplicas: readonly BrokerId[];
  readonly removingReplicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  /** Eligible leader replicas (rule D29): left the ISR while it was below its minimum, and have all committed records. */
  readonly elr: readonly BrokerId[];
  readonly leader: BrokerId | null;
  /** Rises with every change of leader (rule D31). */
  readonly leaderEpoch: number;
  /** Rises with every change of leader, ISR, ELR or replicas (rule D31). */
  readonly partitionEpoch: number;
  /** The leader was elected uncleanly and may lack acknowledged records (rule D30). */
  readonly isRecovering: boolean;
}

export interface TopicState {
  readonly topic: string;
  readonly topicId: string;
  /** Only what differs from the defaults, by Kafka's names. */
  readonly config: Readonly<Record<string, string>>;
  readonly replicationFactor: number;
  /** By partition number. */
  readonly partitions: readonly PartitionState[];
}

/** The whole of it, as one read of the store shows it. */
export interface ClusterImage {
  /** Of the metadata store; rises with every write. */
  readonly revision: bigint;
  readonly brokers: ReadonlyMap<BrokerId, RegisteredBroker>;
  /** By name. */
  readonly topics: ReadonlyMap<string, TopicState>;
}

/** Fewest in-sync replicas with which records are acknowledged to all (rule B14): never more than there are replicas. */
export function effectiveMinIsr(topic: TopicState, partition: PartitionState): number {
  const wanted = Number(topic.config['min.insync.replicas'] ?? 1);
  return Math.min(wanted, partition.replicas.length);
}
