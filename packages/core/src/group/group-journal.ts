import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { Message } from '../record/messages.js';
import type { Offset } from '../record/offset.js';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import { NO_PRODUCER_ID } from '../record/record-batch.js';
import type { Clock } from '../runtime/clock.js';
import type { OffsetToCommit } from './committed-offsets.store.js';
import type { Group, GroupMember } from './group.js';
import type { GroupLogPlace } from './group-log-place.js';
import { groupGoneMessage, groupMessage, offsetMessage } from './group-log.js';

/** Where groups are logged in a cluster, and when that is certain. */
export interface GroupLogging {
  /** Where a group's log is, as far as this process knows. @throws PostlogError `COORDINATOR_NOT_AVAILABLE` */
  placeOf(groupId: string): GroupLogPlace;
  /** Resolves to undefined once the log is on all in-sync replicas up to there, else to why that is not known. */
  untilReplicated(place: GroupLogPlace, logEnd: Offset): Promise<ErrorCode | undefined>;
}

/** A change as its log takes it. */
export interface JournalEntry {
  readonly place: GroupLogPlace;
  readonly batch: Buffer;
}

/**
 * What a coordinator writes into the log of `__consumer_offsets` beside its tables, so that groups survive it. Where one broker is alone there is no log:
 * every answer is undefined, and nothing is waited for.
 */
export class GroupJournal {
  readonly #logging: GroupLogging | undefined;
  readonly #clock: Clock;

  constructor(logging: GroupLogging | undefined, clock: Clock) {
    this.#logging = logging;
    this.#clock = clock;
  }

  placeOf(groupId: string): GroupLogPlace | undefined {
    return this.#logging?.placeOf(groupId);
  }

  /** The group as it will be. */
  ofGroup(
    groupId: string,
    { version, createdEpoch }: { readonly version: bigint; readonly createdEpoch: number },
    group: Group,
  ): Promise<JournalEntry | undefined> {
    const { groupEpoch, assignmentEpoch } = group;
    const members = group.members.map(bareMember);
    const owned = group.owned.map(({ partitionId, owner, ownerEpoch }) => ({ partitionId, owner, ownerEpoch }));
    const changedAt = this.#clock.now();
    const record = {
      groupId,
      version: String(version),
      groupEpoch,
      assignmentEpoch,
      changedAt,
      createdEpoch,
      members,
      owned,
    };
    return this.#entry(groupId, groupMessage(record));
  }

  /** The group is deleted. */
  ofNothing(groupId: string): Promise<JournalEntry | undefined> {
    return this.#entry(groupId, groupGoneMessage(groupId));
  }

  /** A batch for each offset: each is refused or appended for itself. */
  async ofOffsets(
    groupId: string,
    offsets: readonly OffsetToCommit[],
  ): Promise<{ readonly place: GroupLogPlace; readonly batches: readonly Buffer[] } | undefined> {
    const place = this.placeOf(groupId);
    if (place === undefined) return undefined;
    const committedAt = this.#clock.now();
    const batches = offsets.map(({ partitionId, offset, leaderEpoch, metadata, resetEpoch }) => {
      const position = { partitionId, offset: String(offset), leaderEpoch, resetEpoch };
      return this.#batch(offsetMessage({ groupId, ...position, metadata, committedAt }));
    });
    return { place, batches: await Promise.all(batches) };
  }

  /**
   * Waits until what was written, or read, can be lost no more: nobody learns it before.
   *
   * @throws PostlogError `NOT_COORDINATOR`, `COORDINATOR_NOT_AVAILABLE`, `REQUEST_TIMED_OUT`, all with `outcome: 'unknown'`.
   */
  async untilCertain(place: GroupLogPlace | undefined, ...logEnds: readonly (Offset | undefined)[]): Promise<void> {
    if (this.#logging === undefined || place === undefined) return;
    let logEnd: Offset | undefined;
    for (const each of logEnds) if (each !== undefined && (logEnd === undefined || each > logEnd)) logEnd = each;
    if (logEnd === undefined) return;
    const error = await this.#logging.untilReplicated(place, logEnd);
    if (error === undefined) return;
    throw new PostlogError(
      MEANING.get(error) ?? error,
      `the group's log is not known to be on all in-sync replicas (${error}); ask its coordinator again.`,
      { outcome: 'unknown' },
    );
  }

  async #entry(groupId: string, message: Message): Promise<JournalEntry | undefined> {
    const place = this.placeOf(groupId);
    return place === undefined ? undefined : { place, batch: await this.#batch(message) };
  }

  #batch(message: Message): Promise<Buffer> {
    const builder = new RecordBatchBuilder({ initialBytes: 512 });
    builder.append(message, this.#clock.now());
    return builder.build({ compression: 'none', producerId: NO_PRODUCER_ID, producerEpoch: -1, baseSequence: -1 });
  }
}

const MEANING: ReadonlyMap<ErrorCode, ErrorCode> = new Map<ErrorCode, ErrorCode>([
  ['NOT_LEADER_OR_FOLLOWER', 'NOT_COORDINATOR'],
  ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'COORDINATOR_NOT_AVAILABLE'],
]);

/** Without what only the reading of a group says of a member. */
function bareMember(member: GroupMember): GroupMember {
  const { memberId, memberEpoch, previousEpoch, clientId, host, groupInstanceId, topics, topicPattern } = member;
  const { assignor, sessionTimeoutMs, rebalanceTimeoutMs, target } = member;
  const identity = { memberId, memberEpoch, previousEpoch, clientId, host, groupInstanceId, topics, topicPattern };
  return { ...identity, assignor, sessionTimeoutMs, rebalanceTimeoutMs, target };
}
