import { PostlogError } from '../errors/postlog-error.js';
import type { CommittedOffset } from '../group/committed-offsets.store.js';
import type { AssignedPartition as Assignment } from '../group/group-coordinator.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';
import type { Cluster, PartitionPlace } from './cluster.js';
import { GroupLink } from './group-link.js';
import type { PartitionSource } from './membership.js';

/** No member took these over, so a commit is compared with no member's epoch. */
const NO_EPOCH = -1;
const FOR_EVER_MS = 2 ** 31 - 1;

export interface ManualAssignmentOptions {
  readonly cluster: Cluster;
  /** Whose committed offsets to begin at, if anybody's. */
  readonly groupId: string | null;
  readonly chosen: () => readonly PartitionPlace[];
  readonly onAssigned: (assigned: readonly Assignment[]) => void;
  readonly onRevoked: (partitionId: number) => Promise<void>;
  readonly onError: (error: unknown) => void;
  readonly onFatal: (error: PostlogError) => void;
}

/** Partitions that a consumer assigns to itself: no group shares them out, nobody else stops reading them. */
export class ManualAssignment implements PartitionSource {
  readonly memberId = null;
  readonly isAlive = true;
  readonly #options: ManualAssignmentOptions;
  readonly #held = new Set<number>();
  #loop: Loop | undefined;

  constructor(options: ManualAssignmentOptions) {
    this.#options = options;
  }

  start(): void {
    const { cluster, onError } = this.#options;
    this.#loop = startLoop({
      clock: cluster.clock,
      random: cluster.random.next,
      retry: { ...DEFAULT_RETRY, maxRetryTime: 1_000 },
      step: () => this.#follow(),
      onError,
    });
  }

  wake(): void {
    this.#loop?.wake();
  }

  async leave(): Promise<void> {
    await this.#loop?.stop();
    this.#loop = undefined;
    this.#held.clear();
  }

  fence(): void {
    this.#options.onFatal(
      new PostlogError(
        'UNKNOWN_MEMBER_ID',
        `group ${this.#options.groupId} has members, and only they commit for it; ` +
          'give a consumer that assigns partitions to itself a groupId of its own, or none.',
      ),
    );
  }

  /** Takes what was chosen since, gives up what was not. */
  async #follow(): Promise<number> {
    const { onAssigned, onRevoked } = this.#options;
    const chosen = this.#options.chosen();
    const wanted = new Set(chosen.map(({ partitionId }) => partitionId));
    for (const partitionId of [...this.#held].filter((held) => !wanted.has(held))) {
      await onRevoked(partitionId);
      this.#held.delete(partitionId);
    }
    const added = chosen.filter(({ partitionId }) => !this.#held.has(partitionId));
    if (added.length > 0) {
      const assigned = await this.#withOffsets(added);
      for (const { partitionId } of added) this.#held.add(partitionId);
      onAssigned(assigned);
    }
    return FOR_EVER_MS;
  }

  async #withOffsets(chosen: readonly PartitionPlace[]): Promise<Assignment[]> {
    const committed = new Map((await this.#committed(chosen)).map((row) => [row.partitionId, row]));
    return chosen.map((place) => {
      const { committedOffset = null, leaderEpoch = -1 } = committed.get(place.partitionId) ?? {};
      return { ...place, ownerEpoch: NO_EPOCH, committedOffset, leaderEpoch, resetEpoch: 0 };
    });
  }

  async #committed(chosen: readonly PartitionPlace[]): Promise<readonly CommittedOffset[]> {
    const { cluster, groupId } = this.#options;
    if (groupId === null) return [];
    const partitionIds = chosen.map(({ partitionId }) => partitionId);
    return new GroupLink({ cluster, groupId }).call((coordinator) => coordinator.fetchOffsets(groupId, partitionIds));
  }
}
