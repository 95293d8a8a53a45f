import type { GroupState, MemberState } from '../group/group.js';

export interface GroupTopicOffsets {
  readonly topic: string;
  readonly partitions: {
    readonly partition: number;
    /** The committed offset, or `'-1'` where the group never committed. */
    readonly offset: string;
    readonly metadata: string | null;
    /** High watermark minus committed offset. */
    readonly lag: string;
  }[];
}

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: 'consumer';
  readonly state: GroupState;
}

export interface OwnedPartitions {
  readonly topic: string;
  readonly partitions: number[];
}

export interface MemberDescription {
  readonly memberId: string;
  /** The name of a static member. */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** -2 while a static member is away. */
  readonly memberEpoch: number;
  readonly state: MemberState;
  /** By name, and those that its pattern matched. */
  readonly topics: readonly string[];
  readonly topicPattern: string | null;
  /** The assignor that it asks for. */
  readonly assignor: string;
  readonly owned: OwnedPartitions[];
  /** What it shall own once others have given it up. */
  readonly awaited: OwnedPartitions[];
}

export interface GroupDescription {
  readonly groupId: string;
  readonly protocolType: 'consumer';
  /** The assignor's name. */
  readonly protocol: string;
  /** `Dead`: there is no such group. */
  readonly state: GroupState;
  /** Rises with members, subscriptions and topics; the targets were computed for `assignmentEpoch`. */
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly members: MemberDescription[];
}

/** Where to set a group's offsets: exactly one of the five; KafkaJS's `earliest: false` is the end. */
export interface ResetOffsets {
  readonly groupId: string;
  readonly topic: string;
  /** [all] */
  readonly partitions?: readonly number[];
  /** `true`: the log start; `false`: the end. */
  readonly earliest?: boolean;
  /** A decimal string within the log. */
  readonly offset?: string;
  /** The first record that is not older, in milliseconds since 1970; the end when all are. */
  readonly timestamp?: number;
  /** So many records on, or back where it is negative, from what is committed; not beyond the log. */
  readonly shiftBy?: number;
  /** Say what would be done, and do nothing. */
  readonly validateOnly?: boolean;
}

export interface ResetPartition {
  readonly partition: number;
  /** What is committed now. */
  readonly offset: string;
  /** What was committed before; `'-1'` for nothing. */
  readonly previousOffset: string;
}

/** Shows and steers consumer groups (KafkaJS's `Admin`, and what `kafka-consumer-groups` does beside). */
export interface GroupAdmin {
  listGroups(): Promise<{ groups: ListedGroup[] }>;
  describeGroups(groupIds: readonly string[]): Promise<{ groups: GroupDescription[] }>;
  /** Where a group stands in the named topics, or in all that it ever committed to. */
  fetchOffsets(options: {
    readonly groupId: string;
    readonly topics?: readonly string[];
  }): Promise<GroupTopicOffsets[]>;
  /**
   * Sets a group's offsets, all or none.
   *
   * @throws PostlogError `NON_EMPTY_GROUP` while the group has members, `OFFSET_OUT_OF_RANGE`, `UNKNOWN_TOPIC_OR_PARTITION`.
   */
  resetOffsets(options: ResetOffsets): Promise<ResetPartition[]>;
  /** Sets single offsets, all or none. @throws as `resetOffsets` */
  setOffsets(options: {
    readonly groupId: string;
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }): Promise<void>;
  /**
   * Deletes groups with their offsets, one after the other.
   *
   * @throws PostlogError `NON_EMPTY_GROUP`, `GROUP_ID_NOT_FOUND`; those named before the one it names are deleted.
   */
  deleteGroups(groupIds: readonly string[]): Promise<void>;
}
