import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import { BUILT_IN_ASSIGNORS } from '../group/built-in-assignors.js';
import type { AssignablePartition, Assignor } from '../group/assignors.js';
import type { CommittedOffset, OffsetToCommit } from '../group/committed-offsets.store.js';
import type { Coordinator, GroupHeartbeat, GroupHeartbeatAnswer } from '../group/group-coordinator.js';
import { changeBetween } from '../group/group-change.js';
import { decide, decideExpiry } from '../group/group-decisions.js';
import { describeGroup, type DescribedGroup } from '../group/group-description.js';
import { groupState } from '../group/group-state.js';
import { LEAVING, PAUSED, type Group } from '../group/group.js';
import { answerTo } from '../group/heartbeat-answer.js';
import { resolveSubscriptions } from '../group/subscriptions.js';
import { isTargetOutdated } from '../group/target-assignment.js';
import type { Offset } from '../record/offset.js';
import type { Clock } from '../runtime/clock.js';
import type { InMemoryTopics } from './in-memory-topics.js';

interface KnownGroup {
  group: Group;
  /** The topics when the targets were computed. */
  assignedFor: number;
  readonly heardAt: Map<string, number>;
  readonly committed: Map<number, CommittedOffset>;
}

export interface InMemoryCoordinatorOptions {
  readonly topics: InMemoryTopics;
  readonly clock: Clock;
  readonly onGroupChanged: (groupId: string) => void;
}

const NO_GROUP: Group = { groupEpoch: 0, assignmentEpoch: 0, members: [], owned: [] };

/** Groups in memory. What becomes of them is decided by the same functions as elsewhere. */
export class InMemoryCoordinator implements Coordinator {
  readonly #options: InMemoryCoordinatorOptions;
  readonly #groups = new Map<string, KnownGroup>();
  readonly #assignors = new Map<string, Assignor>(BUILT_IN_ASSIGNORS);

  constructor(options: InMemoryCoordinatorOptions) {
    this.#options = options;
  }

  learnAssignor(name: string, assignor: Assignor): void {
    this.#assignors.set(name, assignor);
  }

  async heartbeat(report: GroupHeartbeat): Promise<GroupHeartbeatAnswer> {
    const { topics, clock } = this.#options;
    const known = this.#known(report.groupId);
    const subscribed = resolveSubscriptions(known.group, report, this.#partitionsFor(known.group, report));
    const { group, partitions } = subscribed;
    const decision = decide(group, subscribed.report, {
      assignors: this.#assignors,
      partitions,
      haveTopicsChanged: topics.version !== known.assignedFor && isTargetOutdated(group, partitions),
      silent: this.#silent(known),
      late: new Set(),
    });
    if (decision.events.includes('assigned')) known.assignedFor = topics.version;
    this.#write(report.groupId, known, decision.group, report.memberId);
    if (decision.outcome === 'Left') return { memberEpoch: LEAVING, assignment: [], state: 'Stable' };
    if (decision.outcome === 'Removed') throw new PostlogError('UNKNOWN_MEMBER_ID', 'the member was too late.');
    known.heardAt.set(report.memberId, clock.monotonic());
    return answerTo(report.memberId, decision.outcome, decision.group, this.#placesAndPositions(known));
  }

  /** Beats until somebody has something to tell: the wake-up aborts `signal`. */
  rest(
    { groupId, memberId }: GroupHeartbeat,
    intervalMs: number,
    onBeat: (sentAt: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      let cancel = () => {};
      const beat = () => {
        this.#known(groupId).heardAt.set(memberId, clock.monotonic());
        onBeat(clock.monotonic());
        cancel = clock.after(intervalMs, beat);
      };
      cancel = clock.after(intervalMs, beat);
      signal.addEventListener('abort', () => {
        cancel();
        resolve();
      });
    });
  }

  async leave(report: GroupHeartbeat): Promise<void> {
    await this.heartbeat({ ...report, memberEpoch: report.groupInstanceId === null ? LEAVING : PAUSED });
  }

  /** All members lose what they own, as after too long a silence, and join anew. */
  dissolve(groupId: string): void {
    const known = this.#known(groupId);
    known.group = { ...known.group, groupEpoch: known.group.groupEpoch + 1, members: [], owned: [] };
    this.#options.onGroupChanged(groupId);
  }

  commitOffsets(
    groupId: string,
    memberId: string | null,
    offsets: readonly OffsetToCommit[],
  ): Promise<ReadonlyMap<number, ErrorCode>> {
    const known = this.#known(groupId);
    this.#removeSilent(groupId, known);
    const refused = new Map<number, ErrorCode>();
    for (const { partitionId, ownerEpoch, offset, leaderEpoch, metadata, mayGoBack } of offsets) {
      const error = this.#refusal(known.group, memberId, partitionId, ownerEpoch);
      const { committedOffset: before, resetEpoch: resets = 0 } = known.committed.get(partitionId) ?? {};
      const resetEpoch = memberId === null ? resets + 1 : resets;
      if (error !== undefined) refused.set(partitionId, error);
      else if (before === undefined || offset > before || mayGoBack)
        known.committed.set(partitionId, { partitionId, committedOffset: offset, leaderEpoch, metadata, resetEpoch });
    }
    return Promise.resolve(refused);
  }

  committedOf(groupId: string, partitionId: number): Offset | undefined {
    return this.#groups.get(groupId)?.committed.get(partitionId)?.committedOffset;
  }

  fetchOffsets(groupId: string, partitionIds: readonly number[] | null): Promise<CommittedOffset[]> {
    const committed = [...(this.#groups.get(groupId)?.committed.values() ?? [])];
    const chosen = committed.filter(({ partitionId }) => partitionIds?.includes(partitionId) ?? true);
    return Promise.resolve(chosen.sort((a, b) => a.partitionId - b.partitionId));
  }

  listGroups(): ReturnType<Coordinator['listGroups']> {
    const names = [...this.#groups.keys()].sort();
    return Promise.resolve(names.map((groupId) => ({ groupId, state: groupState(this.#known(groupId).group) })));
  }

  describeGroup(groupId: string): Promise<DescribedGroup> {
    const known = this.#groups.get(groupId);
    if (known !== undefined) this.#removeSilent(groupId, known);
    return Promise.resolve(describeGroup(groupId, known?.group, this.#places()));
  }

  async deleteGroup(groupId: string): Promise<void> {
    const known = this.#groups.get(groupId);
    if (known === undefined) throw new PostlogError('GROUP_ID_NOT_FOUND', `group ${groupId} does not exist.`);
    this.#removeSilent(groupId, known);
    if (known.group.members.length > 0)
      throw new PostlogError('NON_EMPTY_GROUP', `group ${groupId} has members; stop its consumers first.`);
    this.#groups.delete(groupId);
  }

  #known(groupId: string): KnownGroup {
    const known = this.#groups.get(groupId);
    if (known !== undefined) return known;
    const fresh: KnownGroup = { group: NO_GROUP, assignedFor: -1, heardAt: new Map(), committed: new Map() };
    this.#groups.set(groupId, fresh);
    return fresh;
  }

  #write(groupId: string, known: KnownGroup, next: Group, reporter: string | null): void {
    const change = changeBetween(known.group, next);
    known.group = next;
    if (!change.isEmpty && next.members.some(({ memberId }) => memberId !== reporter))
      this.#options.onGroupChanged(groupId);
  }

  #removeSilent(groupId: string, known: KnownGroup): void {
    this.#write(groupId, known, decideExpiry(known.group, this.#silent(known)).group, null);
  }

  #silent({ group, heardAt }: KnownGroup): ReadonlySet<string> {
    const now = this.#options.clock.monotonic();
    const silent = group.members.filter(
      ({ memberId, sessionTimeoutMs }) => now - (heardAt.get(memberId) ?? now) > sessionTimeoutMs,
    );
    return new Set(silent.map(({ memberId }) => memberId));
  }

  #partitionsFor(group: Group, report: GroupHeartbeat): readonly AssignablePartition[] {
    const subscribers = [...group.members, report];
    const { partitions } = this.#options.topics;
    if (subscribers.some(({ topicPattern }) => topicPattern !== null)) return partitions;
    const subscribed = new Set(subscribers.flatMap(({ topics }) => topics));
    return partitions.filter(({ topic }) => subscribed.has(topic));
  }

  #places(): ReadonlyMap<number, AssignablePartition> {
    return new Map(this.#options.topics.partitions.map((place) => [place.partitionId, place]));
  }

  #placesAndPositions({ committed }: KnownGroup) {
    return { places: this.#places(), positions: committed };
  }

  #refusal(group: Group, memberId: string | null, partitionId: number, ownerEpoch: number): ErrorCode | undefined {
    if (!this.#places().has(partitionId)) return 'UNKNOWN_TOPIC_OR_PARTITION';
    if (memberId === null) return group.members.length > 0 ? 'UNKNOWN_MEMBER_ID' : undefined;
    const owned = group.owned.find((each) => each.partitionId === partitionId);
    if (owned?.owner === memberId) return owned.ownerEpoch === ownerEpoch ? undefined : 'STALE_MEMBER_EPOCH';
    const isMember = group.members.some((member) => member.memberId === memberId);
    return owned === undefined && !isMember ? 'UNKNOWN_MEMBER_ID' : 'FENCED_MEMBER_EPOCH';
  }
}
