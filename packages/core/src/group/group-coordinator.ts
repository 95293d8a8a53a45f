/**
 * Shares the partitions of topics among the members of a group, and keeps where the group goes on in each.
 *
 * It does not read records, and it wakes nobody: `onGroupChanged` says whose members have something to learn.
 * What is decided stands in `group-decisions.ts`, what must hold in `group.ts` and `docs/spec/group.md`.
 */
import { isDeadLetterTopicOf } from '../record/dead-letter-topic.js';
import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { Database } from '../postgres/database.js';
import { retryDelay } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { silentLogger, type Logger } from '../runtime/logger.js';
import type { Random } from '../runtime/random.js';
import { BUILT_IN_ASSIGNORS } from './built-in-assignors.js';
import type { Assignor } from './assignors.js';
import {
  commitOffsets,
  committedOffsets,
  type CommittedOffset,
  type OffsetToCommit,
} from './committed-offsets.store.js';
import { deleteGroup, listGroups, type ListedGroup } from './group-admin.store.js';
import { changeBetween } from './group-change.js';
import { decide, decideExpiry, type Decision } from './group-decisions.js';
import { describeGroup, type DescribedGroup } from './group-description.js';
import { GroupJournal, type GroupLogging } from './group-journal.js';
import { LEAVING, PAUSED, type MemberReport } from './group.js';
import { GROUP_TRANSITIONS, groupState, ownedBy } from './group-state.js';
import { readGroup, writeGroup, type GroupReading, type GroupWritten } from './group.store.js';
import { answerTo, type AssignedPartition, type GroupHeartbeatAnswer } from './heartbeat-answer.js';
import { HeartbeatBatch } from './heartbeat-batch.js';
import { renewSessions, type SignOfLife } from './liveness.store.js';
import { RestingMembers } from './resting-members.js';
import { SettledMembers } from './settled-members.js';
import { resolveSubscriptions } from './subscriptions.js';
import { isTargetOutdated } from './target-assignment.js';

export type { AssignedPartition, GroupHeartbeatAnswer };

export interface GroupHeartbeat extends MemberReport {
  readonly groupId: string;
}

/** What clients ask of it; one of specs keeps its groups elsewhere. */
export type Coordinator = Pick<
  GroupCoordinator,
  'heartbeat' | 'rest' | 'leave' | 'commitOffsets' | 'fetchOffsets' | 'listGroups' | 'describeGroup' | 'deleteGroup'
>;

/** Members that all want to join at once find each other in the way this often at most. */
const MOST_ATTEMPTS = 60;
const RACE = { initialRetryTime: 3, maxRetryTime: 100, multiplier: 1.5, factor: 0.8, retries: MOST_ATTEMPTS };

/**
 * Runs groups: reads a group with its version, decides, writes by compare-and-set. Any process may do it for any group;
 * who is slower decides again. A report that changes nothing is part of one cheap statement, whatever the number of
 * groups and members in this process.
 */
export class GroupCoordinator {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #journal: GroupJournal;
  readonly #assignors = new Map<string, Assignor>(BUILT_IN_ASSIGNORS);
  readonly #onGroupChanged: (groupId: string) => void;
  readonly #settled = new SettledMembers();
  readonly #batch: HeartbeatBatch;
  readonly #resting: RestingMembers;
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: {
    readonly database: Database;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger?: Logger;
    /** In a cluster; undefined where one broker is alone, whose tables are all there is. */
    readonly logging?: GroupLogging | undefined;
    /** Other members have something to learn; the caller wakes them. */
    readonly onGroupChanged?: (groupId: string) => void;
  }) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#logger = options.logger ?? silentLogger;
    this.#journal = new GroupJournal(options.logging, options.clock);
    this.#onGroupChanged = options.onGroupChanged ?? (() => {});
    const send = (members: readonly SignOfLife[]) => renewSessions(this.#database, members);
    this.#batch = new HeartbeatBatch(send);
    this.#resting = new RestingMembers({ clock: options.clock, send });
  }

  /** Makes an assignor known to this process. One name must mean the same function in every process. */
  learnAssignor(name: string, assignor: Assignor): void {
    this.#assignors.set(name, assignor);
  }

  /**
   * @throws PostlogError `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`: drop everything and join anew with epoch 0;
   * `FENCED_INSTANCE_ID`, `UNSUPPORTED_ASSIGNOR`, `INVALID_REGULAR_EXPRESSION`: joining again would not help.
   */
  async heartbeat(report: GroupHeartbeat): Promise<GroupHeartbeatAnswer> {
    const settled = this.#settled.unchanged(report);
    if (settled !== undefined && !(await this.#batch.add(signOf(report, settled)))) return settled.answer;
    this.#settled.delete(report.memberId);
    return this.#untilSettled(report.groupId, () => this.#answer(report));
  }

  /**
   * Keeps the session of a member that would report the same again and again, every `intervalMs`. Resolves when it has to
   * report anew, or when `signal` aborts.
   *
   * @throws PostlogError when its session could not be renewed.
   */
  async rest(
    report: GroupHeartbeat,
    intervalMs: number,
    onBeat: (sentAt: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const settled = this.#settled.unchanged(report);
    if (settled === undefined) return;
    if (await this.#resting.rest(signOf(report, settled), intervalMs, onBeat, signal)) {
      this.#settled.delete(report.memberId);
    }
  }

  /** Takes the member out of its group at once; its partitions are free for others. A static one keeps its place. */
  async leave(report: GroupHeartbeat): Promise<void> {
    await this.heartbeat({ ...report, memberEpoch: report.groupInstanceId === null ? LEAVING : PAUSED });
  }

  /** Commits; answers what was refused, by partition. `memberId` null commits from outside, into a group without members. */
  async commitOffsets(
    groupId: string,
    memberId: string | null,
    offsets: readonly OffsetToCommit[],
  ): Promise<ReadonlyMap<number, ErrorCode>> {
    if (memberId === null) await this.#removeSilent(groupId);
    const sorted = [...offsets].sort((a, b) => a.partitionId - b.partitionId);
    const log = await this.#journal.ofOffsets(groupId, sorted);
    const { refused, logEnd } = await commitOffsets(this.#database, groupId, memberId, sorted, log);
    await this.#journal.untilCertain(log?.place, logEnd);
    return refused;
  }

  /** What a group committed for these partitions, or for all; those for which it never did are left out. */
  async fetchOffsets(groupId: string, partitionIds: readonly number[] | null): Promise<CommittedOffset[]> {
    const place = this.#journal.placeOf(groupId);
    const { offsets, logEnd } = await committedOffsets(this.#database, groupId, partitionIds, place);
    await this.#journal.untilCertain(place, logEnd);
    return offsets;
  }

  listGroups(): Promise<ListedGroup[]> {
    return listGroups(this.#database);
  }

  async describeGroup(groupId: string): Promise<DescribedGroup> {
    const { version, group, silent, places } = await this.#read(groupId);
    return describeGroup(groupId, version === 0n ? undefined : decideExpiry(group, silent).group, places);
  }

  /** @throws PostlogError `GROUP_ID_NOT_FOUND`, `NON_EMPTY_GROUP`. */
  async deleteGroup(groupId: string): Promise<void> {
    await this.#removeSilent(groupId);
    await this.#untilSettled(groupId, async () => {
      const { version, group } = await this.#read(groupId);
      if (version === 0n) throw new PostlogError('GROUP_ID_NOT_FOUND', `group ${groupId} does not exist.`);
      if (GROUP_TRANSITIONS[groupState(group)].deleted === null) {
        throw new PostlogError('NON_EMPTY_GROUP', `group ${groupId} has members; stop its consumers first.`);
      }
      const log = await this.#journal.ofNothing(groupId);
      const { isDeleted, logEnd } = await deleteGroup(this.#database, groupId, version, log);
      await this.#journal.untilCertain(log?.place, logEnd);
      return isDeleted || undefined;
    });
  }

  /** A group as it is for certain: in a cluster, nothing that was read can be lost any more. */
  async #read(groupId: string): Promise<GroupReading> {
    const place = this.#journal.placeOf(groupId);
    const reading = await readGroup(this.#database, groupId, undefined, place);
    await this.#journal.untilCertain(place, reading.logEnd);
    return reading;
  }

  /** One attempt to answer a report; undefined when the group changed meanwhile. */
  async #answer(report: GroupHeartbeat): Promise<GroupHeartbeatAnswer | undefined> {
    const { groupId, memberId } = report;
    const place = this.#journal.placeOf(groupId);
    const reading = await readGroup(this.#database, groupId, report, place);
    const { metadataVersion, silent, late } = reading;
    const subscribed = resolveSubscriptions(
      reading.group,
      report,
      reading.partitions,
      (topic) => !isDeadLetterTopicOf(groupId, topic),
    );
    const { group, partitions } = subscribed;
    const decision = decide(group, subscribed.report, {
      assignors: this.#assignors,
      partitions,
      haveTopicsChanged: metadataVersion !== reading.assignedForMetadata && isTargetOutdated(group, partitions),
      silent,
      late,
    });
    const written = await this.#write(groupId, memberId, reading, decision);
    if (written === undefined) return undefined;
    await this.#journal.untilCertain(place, reading.logEnd, written.logEnd);
    if (decision.outcome === 'Left') return { memberEpoch: -1, assignment: [], state: 'Stable' };
    if (decision.outcome === 'Removed') {
      throw new PostlogError(
        'UNKNOWN_MEMBER_ID',
        'the member did not give up partitions within its rebalance timeout and was removed; it joins again by itself.',
      );
    }
    const { version } = written;
    if (version === reading.version && (await this.#batch.add(signOf(report, { version, metadataVersion })))) {
      return undefined;
    }
    const positions = new Map([...reading.positions, ...written.claimed]);
    const answer = answerTo(memberId, decision.outcome, decision.group, { places: reading.places, positions });
    const owned = new Set(ownedBy(decision.group, memberId).map(({ partitionId }) => partitionId));
    this.#settled.set(memberId, { version, metadataVersion, answer, owned, report });
    return answer;
  }

  /** Writes what was decided, if it is anything; undefined when the group changed meanwhile. */
  async #write(
    groupId: string,
    reporter: string | null,
    reading: GroupReading,
    { group, events }: Decision,
  ): Promise<(GroupWritten & { readonly version: bigint }) | undefined> {
    const { version, assignedForMetadata } = reading;
    const createdEpoch = version === 0n ? this.#clock.now() : reading.createdEpoch;
    const change = changeBetween(reading.group, group);
    if (change.isEmpty) return { version, claimed: new Map(), logEnd: undefined };
    const isAssigned = events.includes('assigned');
    const written = await writeGroup(this.#database, {
      groupId,
      expectedVersion: version,
      metadataVersion: isAssigned ? reading.metadataVersion : assignedForMetadata,
      createdEpoch,
      group,
      change,
      silent: reading.silent,
      reporter,
      log: await this.#journal.ofGroup(groupId, { version: version + 1n, createdEpoch }, group),
    });
    if (written === undefined) return undefined;
    this.#logger.debug('a group changed', { groupId, groupEpoch: group.groupEpoch, state: groupState(group), events });
    const isReleased = change.ownership.some(({ newOwner }) => newOwner === null);
    const hasOthers = group.members.some(({ memberId }) => memberId !== reporter);
    if (hasOthers && (isReleased || events.some((event) => event !== 'reconciled'))) this.#onGroupChanged(groupId);
    return { ...written, version: version + 1n };
  }

  /** What nobody is left to notice: takes members out whose session is over. */
  async #removeSilent(groupId: string): Promise<void> {
    await this.#untilSettled(groupId, async () => {
      const reading = await readGroup(this.#database, groupId, undefined, this.#journal.placeOf(groupId));
      return this.#write(groupId, null, reading, decideExpiry(reading.group, reading.silent));
    });
  }

  /** Repeats until the group stood still for one attempt. Within a process the members of a group take turns. */
  #untilSettled<T>(groupId: string, attempt: () => Promise<T | undefined>): Promise<T> {
    const earlier = this.#turns.get(groupId) ?? Promise.resolve();
    const turn = earlier.then(async () => {
      for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts++) {
        const answer = await attempt();
        if (answer !== undefined) return answer;
        await this.#clock.sleep(retryDelay(RACE, attempts, this.#random.next));
      }
      throw new PostlogError(
        'REBALANCE_IN_PROGRESS',
        `group ${groupId} changes too fast to be decided; the heartbeat is repeated.`,
      );
    });
    const settled = turn
      .catch(() => {})
      .finally(() => {
        if (this.#turns.get(groupId) === settled) this.#turns.delete(groupId);
      });
    this.#turns.set(groupId, settled);
    return turn;
  }
}

function signOf(
  { groupId, memberId, sessionTimeoutMs }: GroupHeartbeat,
  { version, metadataVersion }: Pick<SignOfLife, 'version' | 'metadataVersion'>,
): SignOfLife {
  return { groupId, memberId, sessionTimeoutMs, version, metadataVersion };
}
