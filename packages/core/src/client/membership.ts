import { PostlogError } from '../errors/postlog-error.js';
import type { AssignedPartition as Assignment } from '../group/group-coordinator.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import type { EventBus } from '../runtime/events.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';
import type { Cluster } from './cluster.js';
import { CONSUMER_EVENTS } from './consumer-types.js';
import { GroupLink } from './group-link.js';
import { isFenced, isHopeless, joined } from './member-answers.js';

/** Where a consumer's partitions come from: its group, or its own choice. */
export interface PartitionSource {
  /** Null: a consumer that commits as none of the group's members. */
  readonly memberId: string | null;
  /** Whether nobody else can have its partitions yet: without that no handler is called. */
  readonly isAlive: boolean;
  start(): void;
  /** Something changed that it should look at now. */
  wake(): void;
  /** Stops; what is held must be drained and committed by now. */
  leave(): Promise<void>;
  /** A commit was refused: everything that it believes may be old. */
  fence(): void;
}

export interface MembershipOptions {
  readonly cluster: Cluster;
  readonly groupId: string;
  readonly clientId: string;
  readonly host: string;
  readonly groupInstanceId: string | null;
  readonly assignor: string;
  readonly subscription: { readonly topics: readonly string[]; readonly topicPattern: string | null };
  readonly sessionTimeout: number;
  readonly heartbeatInterval: number;
  readonly rebalanceTimeout: number;
  readonly maxPollIntervalMs: number;
  readonly events: EventBus;
  /** These are ours from now on. */
  readonly onAssigned: (assigned: readonly Assignment[]) => void;
  /** Resolves when the partition's handler has ended and its offsets are committed: then others may have it. */
  readonly onRevoked: (partitionId: number) => Promise<void>;
  /** These are not ours any more: stop at once, commit nothing. */
  readonly onLost: (partitionIds: readonly number[]) => void;
  /** The session was renewed: what waited for that may go on. */
  readonly onAlive: () => void;
  readonly longestCallMs: () => number;
  readonly onError: (error: unknown) => void;
  /** The group will not have this member, and joining again would not help. */
  readonly onFatal: (error: PostlogError) => void;
}

/**
 * A member's place in its group: it reports at its own pace, whatever the handlers do, takes what it is given, gives up
 * what it is asked to once that is drained and committed, and drops everything when the group goes on without it.
 */
export class Membership implements PartitionSource {
  readonly #options: MembershipOptions;
  readonly #link: GroupLink;
  readonly #held = new Set<number>();
  readonly #draining = new Set<number>();
  /** How often everything was dropped: what began before is of no concern any more. */
  #drops = 0;
  #memberId: string;
  #memberEpoch = 0;
  /** Its session lasts until then at least: counted from before the report that renewed it was sent. */
  #aliveUntil = 0;
  #loop: Loop | undefined;
  #isWoken = false;
  #resting = new AbortController();

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#memberId = options.cluster.random.uniqueName(options.clientId);
    const { cluster, groupId } = options;
    this.#link = new GroupLink({ cluster, groupId, onWakeUp: () => this.wake() });
  }

  get memberId(): string {
    return this.#memberId;
  }

  get isAlive(): boolean {
    return this.#options.cluster.clock.monotonic() < this.#aliveUntil;
  }

  start(): void {
    const { cluster, heartbeatInterval, onError } = this.#options;
    this.#loop = startLoop({
      clock: cluster.clock,
      random: cluster.random.next,
      retry: { ...DEFAULT_RETRY, maxRetryTime: Math.min(1_000, heartbeatInterval) },
      step: (signal) => this.#step(signal),
      onError: (error) => {
        onError(error);
        this.#dropIfSilent();
      },
    });
  }

  wake(): void {
    this.#isWoken = true;
    this.#resting.abort();
    this.#loop?.wake();
  }

  /** Stops reporting and leaves the group at once; what is held must be drained and committed by now. */
  async leave(): Promise<void> {
    this.#link.close();
    const ended = this.#loop?.stop();
    this.wake();
    await ended;
    this.#loop = undefined;
    if (this.#memberEpoch === 0) return;
    const report = this.#reportOf([]);
    await this.#link.call((coordinator) => coordinator.leave(report)).catch(this.#options.onError);
    this.#memberEpoch = 0;
  }

  fence(): void {
    this.#dropEverything();
    this.wake();
  }

  /** Reports, then rests among the other members of this process until there is something to report or to learn. */
  async #step(stopping: AbortSignal): Promise<number> {
    this.#isWoken = false;
    const intervalMs = await this.#report();
    if (this.#memberEpoch === 0 || intervalMs === 0) return intervalMs;
    if (this.#isWoken || stopping.aborted) return 0;
    this.#resting = new AbortController();
    const report = this.#reportOf([...this.#held]);
    const resting = this.#resting;
    const onBeat = (sentAt: number) => this.#kept(sentAt);
    try {
      await this.#link.call((coordinator) => coordinator.rest(report, intervalMs, onBeat, resting.signal));
    } finally {
      resting.abort(); // It must not go on resting with a coordinator that was deposed.
    }
    return 0;
  }

  /** The session was renewed while the member rested. */
  #kept(sentAt: number): void {
    const { longestCallMs, maxPollIntervalMs } = this.#options;
    this.#renewed(sentAt);
    this.#emitHeartbeat();
    if (longestCallMs() > maxPollIntervalMs) this.wake();
  }

  #renewed(sentAt: number): void {
    const wasAlive = this.isAlive;
    this.#aliveUntil = sentAt + this.#options.sessionTimeout;
    if (!wasAlive) this.#options.onAlive();
  }

  #emitHeartbeat(): void {
    const [memberId, groupGenerationId] = [this.#memberId, this.#memberEpoch];
    this.#options.events.emit(CONSUMER_EVENTS.HEARTBEAT, {
      groupId: this.#options.groupId,
      memberId,
      groupGenerationId,
    });
  }

  async #report(): Promise<number> {
    const { cluster, events, heartbeatInterval } = this.#options;
    if (await this.#hasPolledTooLate()) return heartbeatInterval;
    const drops = this.#drops;
    const sentAt = cluster.clock.monotonic();
    try {
      const report = this.#reportOf([...this.#held]);
      const answer = await this.#link.call((coordinator) => coordinator.heartbeat(report));
      if (drops !== this.#drops) return 0; // It answers what this member no longer says.
      this.#renewed(sentAt);
      const hasJoined = this.#memberEpoch === 0;
      this.#memberEpoch = answer.memberEpoch;
      this.#take(answer.assignment);
      if (hasJoined)
        events.emit(CONSUMER_EVENTS.GROUP_JOIN, joined(this.#options.groupId, this.#memberId, answer.assignment));
      this.#emitHeartbeat();
      // Nothing tells a waiting member that the last partition was released by a process that died; so it looks more often.
      return answer.state === 'Stable' ? heartbeatInterval : Math.min(heartbeatInterval, 500);
    } catch (error) {
      if (isFenced(error)) {
        this.#startOver();
        return 0;
      }
      if (!isHopeless(error)) throw error;
      this.#dropEverything();
      this.#memberEpoch = 0;
      this.#options.onFatal(error);
      return heartbeatInterval;
    }
  }

  #take(assignment: readonly Assignment[]): void {
    const wanted = new Set(assignment.map(({ partitionId }) => partitionId));
    const added = assignment.filter(({ partitionId }) => !this.#held.has(partitionId));
    for (const { partitionId } of added) this.#held.add(partitionId);
    if (added.length > 0) this.#options.onAssigned(added);
    const revoked = [...this.#held].filter(
      (partitionId) => !wanted.has(partitionId) && !this.#draining.has(partitionId),
    );
    if (revoked.length > 0) {
      this.#options.events.emit(CONSUMER_EVENTS.REBALANCING, {
        groupId: this.#options.groupId,
        memberId: this.#memberId,
      });
    }
    for (const partitionId of revoked) void this.#drain(partitionId);
  }

  async #drain(partitionId: number): Promise<void> {
    this.#draining.add(partitionId);
    const drops = this.#drops;
    await this.#options.onRevoked(partitionId).catch(this.#options.onError);
    if (drops !== this.#drops) return;
    this.#draining.delete(partitionId);
    this.#held.delete(partitionId);
    this.wake();
  }

  /** A handler that runs for longer than allowed costs the member its place, until that call ends. */
  async #hasPolledTooLate(): Promise<boolean> {
    const { longestCallMs, maxPollIntervalMs, onError } = this.#options;
    if (longestCallMs() <= maxPollIntervalMs) return false;
    if (this.#memberEpoch > 0) {
      onError(
        new PostlogError(
          'UNKNOWN_MEMBER_ID',
          `a handler has been running for more than maxPollIntervalMs (${maxPollIntervalMs}); the member leaves its group until it ends.`,
        ),
      );
      const report = this.#reportOf([]);
      this.#startOver();
      await this.#link.call((coordinator) => coordinator.leave(report));
    }
    return true;
  }

  /** Without an answer for a whole session others own our partitions by now. */
  #dropIfSilent(): void {
    if (this.#held.size > 0 && !this.isAlive) this.#dropEverything();
  }

  /** Joins as somebody new, holding nothing. */
  #startOver(): void {
    this.#dropEverything();
    this.#memberEpoch = 0;
    this.#memberId = this.#options.cluster.random.uniqueName(this.#options.clientId);
  }

  /** Holds nothing any more. What the group says to that next is what this member is. */
  #dropEverything(): void {
    const lost = [...this.#held];
    this.#held.clear();
    this.#draining.clear();
    this.#drops += 1;
    if (lost.length > 0) this.#options.onLost(lost);
    this.#options.events.emit(CONSUMER_EVENTS.REBALANCING, {
      groupId: this.#options.groupId,
      memberId: this.#memberId,
    });
  }

  #reportOf(held: readonly number[]) {
    const { groupId, clientId, host, groupInstanceId, assignor, subscription, ...options } = this.#options;
    const { sessionTimeout, rebalanceTimeout } = options;
    return {
      groupId,
      memberId: this.#memberId,
      memberEpoch: this.#memberEpoch,
      clientId,
      host,
      groupInstanceId,
      assignor,
      topics: subscription.topics,
      topicPattern: subscription.topicPattern,
      sessionTimeoutMs: sessionTimeout,
      rebalanceTimeoutMs: rebalanceTimeout,
      held,
    };
  }
}
