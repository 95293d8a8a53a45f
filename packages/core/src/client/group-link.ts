import { groupKey } from '../broker/wake-up.js';
import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { Coordinator } from '../group/group-coordinator.js';
import { DEFAULT_RETRY, retryDelay } from '../runtime/backoff.js';
import { createDeferred } from '../runtime/deferred.js';
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

const COORDINATOR_RETRY = { ...DEFAULT_RETRY, maxRetryTime: 2_000 };

/** Whether asking again, and whom anew, may help. */
function hasCoordinatorMoved(error: unknown): error is PostlogError {
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

  /**
   * One attempt; nobody waits for a coordinator that was deposed meanwhile.
   *
   * @throws whatever `work` does, or `coordinatorOf`; `NOT_COORDINATOR` with `outcome: 'unknown'`
   */
  async call<T>(work: (coordinator: Coordinator) => Promise<T>): Promise<T> {
    const moved = createDeferred<never>();
    const asked = this.#knownEpoch;
    const leave = this.#cluster.onLeadersChanged(() => {
      if (this.#knownEpoch !== asked) moved.reject(deposed(this.#groupId));
    });
    try {
      return await Promise.race([this.#attempt(work), moved.promise]);
    } catch (error) {
      if (hasCoordinatorMoved(error)) this.#cluster.forgetCoordinator(this.#groupId);
      throw error;
    } finally {
      leave();
    }
  }

  /**
   * Repeats with back-off while the group moves to another coordinator, for so many milliseconds. What was perhaps done already is
   * repeated too, unless a repeat would not be harmless. The outcome is unknown when that of any attempt was.
   */
  async callPatiently<T>(
    work: (coordinator: Coordinator) => Promise<T>,
    { patienceMs, isRepeatHarmless = true }: { readonly patienceMs: number; readonly isRepeatHarmless?: boolean },
  ): Promise<T> {
    const { clock, random } = this.#cluster;
    const deadline = clock.monotonic() + patienceMs;
    let isInDoubt = false;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.call(work);
      } catch (error) {
        isInDoubt ||= error instanceof PostlogError && error.outcome === 'unknown';
        const mayRepeat = hasCoordinatorMoved(error) && (isRepeatHarmless || error.outcome !== 'unknown');
        const wait = retryDelay(COORDINATOR_RETRY, attempt, random.next);
        if (!mayRepeat || clock.monotonic() + wait > deadline) throw isInDoubt ? inDoubt(error) : error;
        await clock.sleep(wait);
      }
    }
  }

  /** No more wake-ups. */
  close(): void {
    this.#isClosed = true;
    this.#leaveWakeUps?.();
  }

  get #knownEpoch(): number | undefined {
    return this.#cluster.knownCoordinator(this.#groupId)?.leaderEpoch;
  }

  async #attempt<T>(work: (coordinator: Coordinator) => Promise<T>): Promise<T> {
    const seat = await this.#cluster.coordinatorOf(this.#groupId);
    this.#listen(seat);
    return work(seat.coordinator);
  }

  #listen(seat: GroupSeat): void {
    if (this.#seat === seat || this.#onWakeUp === undefined || this.#isClosed) return;
    this.#leaveWakeUps?.();
    this.#seat = seat;
    this.#leaveWakeUps = seat.groupsChanged.wait([groupKey(this.#groupId)], this.#onWakeUp);
  }
}

/** The last attempt failed, but an earlier one may have been carried out. */
function inDoubt(error: unknown): unknown {
  if (!(error instanceof PostlogError) || error.outcome === 'unknown') return error;
  const detail = `the outcome is unknown, an earlier attempt may have been carried out: ${error.message}`;
  return new PostlogError(error.code, detail, { outcome: 'unknown', cause: error });
}

function deposed(groupId: string): PostlogError {
  return new PostlogError('NOT_COORDINATOR', `group ${groupId} got another coordinator before the answer came.`, {
    outcome: 'unknown',
  });
}
