import { groupKey } from '../broker/wake-up.js';
import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { GroupCoordinator } from '../group/group-coordinator.js';
import type { Cluster, GroupSeat } from './cluster.js';

/** The group may be coordinated elsewhere by now: ask anew who does before the next attempt. */
const MOVED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'BROKER_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'REQUEST_TIMED_OUT',
]);

/** Whether asking again, and whom anew, may help. */
export function hasCoordinatorMoved(error: unknown): boolean {
  return error instanceof PostlogError && MOVED.has(error.code);
}

/** The way to a group's coordinator, wherever that is now, and to its wake-ups. */
export class GroupLink {
  readonly #cluster: Cluster;
  readonly #groupId: string;
  readonly #onWakeUp: (() => void) | undefined;
  #seat: GroupSeat | undefined;
  #leaveWakeUps: (() => void) | undefined;
  #isClosed = false;

  constructor(options: { readonly cluster: Cluster; readonly groupId: string; readonly onWakeUp?: () => void }) {
    this.#cluster = options.cluster;
    this.#groupId = options.groupId;
    this.#onWakeUp = options.onWakeUp;
  }

  /** One attempt. @throws whatever `work` does, or `coordinatorOf` */
  async call<T>(work: (coordinator: GroupCoordinator) => Promise<T>): Promise<T> {
    try {
      const seat = await this.#cluster.coordinatorOf(this.#groupId);
      this.#listen(seat);
      return await work(seat.coordinator);
    } catch (error) {
      if (hasCoordinatorMoved(error)) this.#cluster.forgetCoordinator(this.#groupId);
      throw error;
    }
  }

  /** No more wake-ups. */
  close(): void {
    this.#isClosed = true;
    this.#leaveWakeUps?.();
  }

  #listen(seat: GroupSeat): void {
    if (this.#seat === seat || this.#onWakeUp === undefined || this.#isClosed) return;
    this.#leaveWakeUps?.();
    this.#seat = seat;
    this.#leaveWakeUps = seat.groupsChanged.wait([groupKey(this.#groupId)], this.#onWakeUp);
  }
}
