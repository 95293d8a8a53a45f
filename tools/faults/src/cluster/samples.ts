/** What a probe saw of metadata and databases: plain values. Times are milliseconds of the events' clock; offsets are numbers, for runs are short. */
export interface SeenPartition {
  readonly key: string;
  readonly partitionId: number;
  readonly leader: number | null;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly isRecovering: boolean;
}

/** Metadata, as one read showed it. */
export interface SeenMetadata {
  readonly at: number;
  readonly revision: number;
  readonly partitions: readonly SeenPartition[];
}

export interface SeenBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly leaderEpoch: number;
  /** Digest of the batch's bytes. */
  readonly digest: string;
}

/** A replica, as its own database knows it. */
export interface SeenReplica {
  readonly partitionId: number;
  readonly role: 'leader' | 'follower';
  /** It says that it leads, and its time to lead is not over. */
  readonly mayLead: boolean;
  /** To when its database may lead, as it stands there. */
  readonly leadUntil: string;
  /** How far off that was, on the database's own clock; not above zero when it was over. */
  readonly leadsForMs: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly isr: readonly number[];
  readonly minIsr: number;
  readonly logEnd: number;
  readonly highWatermark: number;
  /** Where the present leader epoch begins in this log, if that is written down. */
  readonly epochStart: number | null;
  /** Where followers' logs end as the leader noted it; members that were never heard of are left out. */
  readonly followerEnds: Readonly<Record<number, number>>;
  /** From the mark that the sample before showed: dense, in order. */
  readonly batches: readonly SeenBatch[];
}

export interface SeenNode {
  readonly brokerId: number;
  /** The look began. */
  readonly askedAt: number;
  /** It had ended. */
  readonly at: number;
  readonly replicas: readonly SeenReplica[];
}

/** One round: metadata, then the databases that answered, leaders before followers, then metadata again. */
export interface Sample {
  readonly before: SeenMetadata | undefined;
  readonly nodes: readonly SeenNode[];
  readonly after: SeenMetadata | undefined;
}

/** Everything that a database holds of a partition, at the end. */
export interface FinalLog {
  readonly brokerId: number;
  readonly partitionId: number;
  readonly logStart: number;
  readonly highWatermark: number;
  readonly batches: readonly SeenBatch[];
  readonly epochStarts: readonly { readonly epoch: number; readonly startOffset: number }[];
}
