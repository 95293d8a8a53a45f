import { PostlogError } from '../errors/postlog-error.js';
import type { Database } from '../postgres/database.js';
import { offset, type Offset } from '../record/offset.js';
import { afterTurn } from '../runtime/after-turn.js';
import { retryDelay } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { Random } from '../runtime/random.js';
import { uniformAssignor, type Assignor } from './assignors.js';
import { decide, mustRevoke, type Group, type MemberReport, type MemberState, type Ownership } from './group-state.js';
import { beat, readGroup, writeGroup, type Beat, type GroupReading } from './group.store.js';

export interface GroupHeartbeat extends MemberReport {
  readonly groupId: string;
}

/** A partition that the member may own now. */
export interface AssignedPartition {
  readonly partitionId: number;
  readonly topic: string;
  readonly partition: number;
  readonly ownerEpoch: number;
  readonly committedOffset: Offset | null;
}

export interface GroupHeartbeatAnswer {
  readonly memberEpoch: number;
  /** What is not in here any more must be drained, committed and left out of the next report. */
  readonly assignment: readonly AssignedPartition[];
  readonly state: MemberState;
}

interface Settled {
  readonly version: bigint;
  readonly metadataVersion: bigint;
  readonly answer: GroupHeartbeatAnswer;
  readonly topics: string;
}

/** Members that all want to join at once find each other in the way this often at most. */
const MOST_ATTEMPTS = 60;
const RACE = { initialRetryTime: 3, maxRetryTime: 100, multiplier: 1.5, factor: 0.8, retries: MOST_ATTEMPTS };

/**
 * Runs groups: reads a group with its version, decides (`group-state.ts`), writes by compare-and-set. Any process may do
 * it for any group; who is slower decides again. A report that changes nothing is part of one cheap statement, whatever
 * the number of groups and members in this process.
 */
export class GroupCoordinator {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #assignor: Assignor;
  readonly #onGroupChanged: (groupId: string) => void;
  readonly #settled = new Map<string, Settled>();
  #beats: { readonly report: GroupHeartbeat; readonly answer: Deferred<Beat | undefined> }[] = [];

  constructor(options: {
    readonly database: Database;
    readonly clock: Clock;
    readonly random: Random;
    readonly assignor?: Assignor;
    /** Other members have something to learn; the caller wakes them. */
    readonly onGroupChanged?: (groupId: string) => void;
  }) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#assignor = options.assignor ?? uniformAssignor;
    this.#onGroupChanged = options.onGroupChanged ?? (() => {});
  }

  /** @throws PostlogError `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`: drop everything and join anew with epoch 0. */
  async heartbeat(report: GroupHeartbeat): Promise<GroupHeartbeatAnswer> {
    const settled = this.#settled.get(report.memberId);
    if (settled !== undefined && isUnchanged(settled, report)) {
      const seen = await this.#beat(report);
      if (
        seen !== undefined &&
        !seen.hasOverdue &&
        seen.version === settled.version &&
        seen.metadataVersion === settled.metadataVersion
      ) {
        return settled.answer;
      }
    }
    return this.#decide(report);
  }

  /** Takes the member out of its group at once; its partitions are free for others. */
  async leave(report: GroupHeartbeat): Promise<void> {
    await this.#decide({ ...report, memberEpoch: -1 });
  }

  async #decide(report: GroupHeartbeat): Promise<GroupHeartbeatAnswer> {
    this.#settled.delete(report.memberId);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const reading = await readGroup(this.#database, report.groupId, report.topics);
      const decision = decide(reading.group, report, {
        assignor: this.#assignor,
        partitions: reading.partitions,
        // The group's epoch is ahead after a member left: its target is computed now.
        haveTopicsChanged: hasTopicChange(reading, report) || reading.group.groupEpoch > reading.group.assignmentEpoch,
        lost: reading.lost,
      });
      if (isSame(reading.group, decision.group)) {
        const seen = await this.#beat(report);
        if (seen?.version === reading.version) return this.#answer(report, reading, decision.state);
      } else if (await this.#write(report, reading, decision.group)) {
        if (decision.state === undefined) return { memberEpoch: -1, assignment: [], state: 'Stable' };
        const written = await readGroup(this.#database, report.groupId, report.topics);
        return this.#answer(report, written, decision.state);
      }
      await this.#clock.sleep(retryDelay(RACE, attempt, this.#random.next));
    }
    throw new PostlogError(
      'REBALANCE_IN_PROGRESS',
      `group ${report.groupId} changes too fast to be decided; the heartbeat is repeated.`,
    );
  }

  async #write(report: GroupHeartbeat, reading: GroupReading, group: Group): Promise<boolean> {
    const ownership = ownershipChanges(reading.group.owned, group.owned);
    const isWritten = await writeGroup(this.#database, {
      groupId: report.groupId,
      expectedVersion: reading.version,
      metadataVersion:
        group.assignmentEpoch === reading.group.assignmentEpoch ? reading.assignedForMetadata : reading.metadataVersion,
      group,
      revoking: new Set(group.members.filter((member) => mustRevoke(group, member)).map(({ memberId }) => memberId)),
      aliveMemberId: report.memberId,
      ownership,
    });
    const concernsOthers =
      group.groupEpoch !== reading.group.groupEpoch || ownership.some(({ owner }) => owner === null);
    if (isWritten && concernsOthers) this.#onGroupChanged(report.groupId);
    return isWritten;
  }

  #answer(report: GroupHeartbeat, reading: GroupReading, state: MemberState | undefined): GroupHeartbeatAnswer {
    const member = reading.group.members.find(({ memberId }) => memberId === report.memberId);
    if (member === undefined || state === undefined) {
      throw new PostlogError('UNKNOWN_MEMBER_ID', 'the member was removed from the group; it joins again by itself.');
    }
    const places = new Map(reading.partitions.map((place) => [place.partitionId, place]));
    const assignment = reading.group.owned.flatMap(({ partitionId, owner, ownerEpoch }): AssignedPartition[] => {
      const place = places.get(partitionId);
      if (owner !== report.memberId || place === undefined || !member.target.includes(partitionId)) return [];
      const committed = reading.committedOffsets.get(partitionId) ?? null;
      return [{ ...place, ownerEpoch, committedOffset: committed === null ? null : offset(committed) }];
    });
    const answer = { memberEpoch: member.memberEpoch, assignment, state };
    if (state === 'Stable') {
      const { version, metadataVersion } = reading;
      this.#settled.set(report.memberId, { version, metadataVersion, answer, topics: report.topics.join() });
    }
    return answer;
  }

  /** Collects the reports of one turn of the event loop into one statement. */
  #beat(report: GroupHeartbeat): Promise<Beat | undefined> {
    const answer = createDeferred<Beat | undefined>();
    this.#beats.push({ report, answer });
    if (this.#beats.length === 1) afterTurn(() => void this.#sendBeats());
    return answer.promise;
  }

  async #sendBeats(): Promise<void> {
    const beats = this.#beats;
    this.#beats = [];
    try {
      const seen = await beat(
        this.#database,
        beats.map(({ report }) => report),
      );
      const byMember = new Map(seen.map((each) => [`${each.groupId}\n${each.memberId}`, each]));
      for (const { report, answer } of beats) answer.resolve(byMember.get(`${report.groupId}\n${report.memberId}`));
    } catch (error) {
      for (const { answer } of beats) answer.reject(error);
    }
  }
}

/** Whether the member reports just what it was last told. */
function isUnchanged({ answer, topics }: Settled, report: GroupHeartbeat): boolean {
  if (report.memberEpoch !== answer.memberEpoch || report.topics.join() !== topics) return false;
  const assigned = new Set(answer.assignment.map(({ partitionId }) => partitionId));
  return assigned.size === report.held.length && report.held.every((partitionId) => assigned.has(partitionId));
}

/** Topics changed since the target was computed, and it concerns this group. */
function hasTopicChange(reading: GroupReading, report: GroupHeartbeat): boolean {
  if (reading.metadataVersion === reading.assignedForMetadata) return false;
  const targeted = new Set(reading.group.members.flatMap(({ target }) => target));
  const existing = new Set(reading.partitions.map(({ partitionId }) => partitionId));
  return (
    report.topics.length > 0 && (targeted.size !== existing.size || [...targeted].some((each) => !existing.has(each)))
  );
}

function isSame(a: Group, b: Group): boolean {
  return JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));
}

function comparable({ groupEpoch, assignmentEpoch, members, owned }: Group): unknown {
  return [
    groupEpoch,
    assignmentEpoch,
    [...members]
      .sort((x, y) => (x.memberId < y.memberId ? -1 : 1))
      .map((m) => [
        m.memberId,
        m.memberEpoch,
        m.previousEpoch,
        m.topics,
        m.target,
        m.clientId,
        m.host,
        m.sessionTimeoutMs,
        m.rebalanceTimeoutMs,
      ]),
    [...owned].sort((x, y) => x.partitionId - y.partitionId).map((o) => [o.partitionId, o.owner, o.ownerEpoch]),
  ];
}

function ownershipChanges(
  before: readonly Ownership[],
  after: readonly Ownership[],
): { partitionId: number; owner: string | null; ownerEpoch: number }[] {
  const now = new Map(after.map((each) => [each.partitionId, each]));
  const was = new Map(before.map((each) => [each.partitionId, each]));
  const released = before
    .filter(({ partitionId }) => !now.has(partitionId))
    .map(({ partitionId }) => ({ partitionId, owner: null, ownerEpoch: -1 }));
  const taken = after.filter(({ partitionId, owner, ownerEpoch }) => {
    const old = was.get(partitionId);
    return old?.owner !== owner || old.ownerEpoch !== ownerEpoch;
  });
  return [...released, ...taken];
}
