/**
 * A group as plain values. What the group wants stands in the members' targets, what is so in `owned`.
 *
 * G1  A partition has at most one owner.
 * G2  What does not move keeps its owner and its owner epoch; every new owner has a higher owner epoch than the one before.
 * G3  A member moves to a new epoch only when it has nothing left to give up.
 */
export interface Group {
  readonly groupEpoch: number;
  /** The group epoch for which the members' targets were computed (rule I58). */
  readonly assignmentEpoch: number;
  readonly members: readonly GroupMember[];
  readonly owned: readonly Ownership[];
}

export interface GroupMember {
  readonly memberId: string;
  /** `PAUSED` while a static member is away. */
  readonly memberEpoch: number;
  /** Accepted once more from a member that did not hear of its last step (rule I60). */
  readonly previousEpoch: number;
  readonly clientId: string;
  readonly host: string;
  /** Makes it static: whoever joins with the same name takes its place (rule H55). */
  readonly groupInstanceId: string | null;
  /** By name, and those that its pattern matched when they were last looked at. */
  readonly topics: readonly string[];
  /** `/source/flags` of a regular expression. */
  readonly topicPattern: string | null;
  /** Which assignor it asks for, by name. */
  readonly assignor: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** What it shall own, by numeric partition id. */
  readonly target: readonly number[];
}

export interface Ownership {
  readonly partitionId: number;
  readonly owner: string;
  readonly ownerEpoch: number;
}

/** Epochs that a member reports to join, to leave, and to come back later (rule I60). */
export const JOINING = 0;
export const LEAVING = -1;
export const PAUSED = -2;

/** What a member reports. */
export interface MemberReport {
  readonly memberId: string;
  /** 0 joins, -1 leaves, -2 pauses: a static member that will be back (rule I60). */
  readonly memberEpoch: number;
  readonly clientId: string;
  readonly host: string;
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  readonly topicPattern: string | null;
  readonly assignor: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** The partitions that it still owns; what is missing was drained and committed. */
  readonly held: readonly number[];
}

export type GroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' | 'Dead';

/** `UnrevokedPartitions` must give something up first, `UnreleasedPartitions` waits for others to do so (rule I59). */
export type MemberState = 'Stable' | 'UnrevokedPartitions' | 'UnreleasedPartitions';
