import { PostlogError } from '../errors/postlog-error.js';
import type { Offset } from '../record/offset.js';
import type { EventBus } from '../runtime/events.js';
import type { AssignedPartition } from './assigned-partition.js';
import type { Cluster } from './cluster.js';
import { CONSUMER_EVENTS } from './consumer-types.js';
import { GroupLink } from './group-link.js';

export interface ExplicitOffset {
  readonly partition: AssignedPartition;
  readonly offset: Offset;
  readonly metadata: string | null;
}

/** A failover takes about so long, most of it until the old coordinator's session is over. */
const PATIENCE_MS = 15_000;

/**
 * Commits how far handlers got. Owner and epoch are compared in the row that is written, so a member that lost a
 * partition without knowing it is refused, and says so.
 */
export class OffsetCommitter {
  readonly #groupId: string | null;
  readonly #link: GroupLink | undefined;
  readonly #memberId: () => string | null;
  readonly #resetEpoch: () => number | null;
  readonly #events: EventBus;
  readonly #onFenced: (partition: AssignedPartition) => void;
  /** The furthest offset that was ever sent for a partition: it may be stored, whatever the answer was. */
  readonly #sent = new WeakMap<AssignedPartition, Offset>();
  #last: Promise<void> = Promise.resolve();

  constructor(options: {
    cluster: Cluster;
    groupId: string | null;
    /** Claims say where the group goes on, and what is committed here only follows them. */
    followsClaims: boolean;
    memberId: () => string | null;
    events: EventBus;
    /** The partition has another owner now: its handler must stop. */
    onFenced: (partition: AssignedPartition) => void;
  }) {
    const { cluster, groupId } = options;
    this.#groupId = groupId;
    this.#link = groupId === null ? undefined : new GroupLink({ cluster, groupId });
    this.#memberId = options.memberId;
    this.#resetEpoch = options.followsClaims ? () => null : () => cluster.clock.now();
    this.#events = options.events;
    this.#onFenced = options.onFenced;
  }

  /**
   * Commits what was resolved and is not committed yet. One commit at a time: an older one never comes last. While the group has no
   * coordinator it is repeated, for so many milliseconds.
   */
  commitResolved(partitions: Iterable<AssignedPartition>, patienceMs = PATIENCE_MS): Promise<void> {
    return this.#inTurn(() => {
      const dirty = [...partitions].filter((partition) => partition.isDirty);
      return this.#commit(
        dirty.map((partition) => ({
          partition,
          offset: partition.resolvedOffset!,
          metadata: null,
          mayGoBack: partition.mayCommitBackwards,
        })),
        patienceMs,
      );
    });
  }

  /** @throws PostlogError `FENCED_MEMBER_EPOCH` when another member owns one of the partitions. */
  commitExplicit(offsets: readonly ExplicitOffset[]): Promise<void> {
    return this.#inTurn(() =>
      this.#commit(
        offsets.map((each) => ({ ...each, mayGoBack: this.#mayGoBack(each) })),
        PATIENCE_MS,
      ),
    );
  }

  /**
   * Only what repeats or goes back on purpose may: a commit that is carried out late, long after its answer was given up, must not undo
   * those that followed it. Where no member owns the partition others commit as well, so nobody knows what would be back.
   */
  #mayGoBack({ partition, offset }: ExplicitOffset): boolean {
    if (this.#memberId() === null) return true;
    const { committedOffset, resolvedOffset } = partition;
    // The same offset once more may bring other metadata.
    const stored = [committedOffset, this.#sent.get(partition) ?? null];
    return (
      stored.some((each) => each !== null && offset <= each) || (resolvedOffset !== null && offset < resolvedOffset)
    );
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #commit(
    offsets: readonly (ExplicitOffset & { readonly mayGoBack: boolean })[],
    patienceMs: number,
  ): Promise<void> {
    if (offsets.length === 0) return;
    const groupId = this.#groupId;
    if (groupId === null || this.#link === undefined) {
      throw new PostlogError('INVALID_GROUP_ID', 'a consumer without groupId has nowhere to commit to; give it one.');
    }
    const memberId = this.#memberId();
    const rows = offsets.map(({ partition, offset, metadata, mayGoBack }) => ({
      partitionId: partition.partitionId,
      ownerEpoch: partition.ownerEpoch,
      offset,
      // Of the record before the offset; what the user commits may be anywhere.
      leaderEpoch: offset === partition.resolvedOffset ? partition.leaderEpoch : -1,
      metadata,
      mayGoBack,
      resetEpoch: this.#resetEpoch(),
    }));
    for (const { partition, offset } of offsets) {
      const sent = this.#sent.get(partition);
      if (sent === undefined || offset > sent) this.#sent.set(partition, offset);
    }
    const refused = await this.#link.callPatiently(
      (coordinator) => coordinator.commitOffsets(groupId, memberId, rows),
      { patienceMs },
    );
    for (const { partition, offset } of offsets) {
      if (refused.has(partition.partitionId)) this.#onFenced(partition);
      else {
        partition.committedOffset = offset;
        if (partition.resolvedOffset === offset) partition.mayCommitBackwards = false;
      }
    }
    this.#events.emit(CONSUMER_EVENTS.COMMIT_OFFSETS, {
      groupId,
      memberId,
      topics: offsets.map(({ partition, offset }) => ({
        topic: partition.topic,
        partition: partition.partition,
        offset: String(offset),
      })),
    });
    const [first] = refused;
    if (first !== undefined) {
      const [partitionId, code] = first;
      const { partition } = offsets.find((each) => each.partition.partitionId === partitionId)!;
      throw new PostlogError(
        code,
        `the commit for ${partition.topic}-${partition.partition} was refused: ${memberId === null ? 'the group has members' : 'another member has taken the partition over'}.`,
      );
    }
  }
}
