import type { AssignedPartition as Assignment } from '../group/group-coordinator.js';
import type { PostlogError } from '../errors/postlog-error.js';
import type { EventBus } from '../runtime/events.js';
import type { Applications } from './applications.js';
import { AssignedPartition } from './assigned-partition.js';
import type { Cluster, PartitionPlace } from './cluster.js';
import type { ResolvedConsumerOptions } from './consumer-options.js';
import type { ConsumerSubscription } from './consumer-subscription.js';
import { CONSUMER_EVENTS } from './consumer-types.js';
import type { TopicPartitionOffset } from './run-types.js';
import { gatheringOf, type CheckedRun } from './run-options.js';
import { ClaimedTransactions } from './claimed-transactions.js';
import { createDelivery, type DeliverySettings } from './consumer-delivery.js';
import { HandlerRunner } from './handler-runner.js';
import { LeftBehind } from './left-behind.js';
import { ManualAssignment } from './manual-assignment.js';
import { Membership, type PartitionSource } from './membership.js';
import { OffsetCommitter } from './offset-committer.js';
import { ReadAhead } from './read-ahead.js';
import type { Gathering } from './record-buffer.js';

export interface SessionOptions {
  readonly cluster: Cluster;
  readonly applications: Applications;
  readonly options: ResolvedConsumerOptions;
  readonly run: CheckedRun;
  /** What becomes of records whose handler fails; undefined: the consumer crashes after `retry.retries`. */
  readonly delivery: DeliverySettings | undefined;
  readonly events: EventBus;
  readonly clientId: string;
  readonly host: string;
  readonly subscription: ConsumerSubscription;
  /** What the consumer assigned to itself; undefined when its group shares partitions out. */
  readonly chosen: (() => readonly PartitionPlace[]) | undefined;
  readonly isPaused: (partition: { readonly topic: string; readonly partition: number }) => boolean;
  readonly pause: (partition: AssignedPartition) => () => void;
  /** A partition was assigned; a `seek` may wait for it. */
  readonly onAssigned: (partition: AssignedPartition) => void;
  readonly onCrash: (error: Error) => void;
  /** Starting again would not help. */
  readonly onFatal: (error: PostlogError) => void;
  readonly onError: (error: unknown) => void;
}

const AUTO_COMMIT_INTERVAL_MS = 5_000;
/** A process that is told to stop is killed soon; what is not committed is handled again. */
const PATIENCE_TO_STOP_MS = 4_000;

/** One run of a consumer, from `run` to `stop` or a crash: its membership, its partitions, its handler, its commits. */
export class ConsumerSession {
  readonly #options: SessionOptions;
  readonly #partitions = new Map<number, AssignedPartition>();
  readonly #left = new LeftBehind();
  readonly #source: PartitionSource;
  readonly #transactions: ClaimedTransactions | undefined;
  readonly #runner: HandlerRunner;
  readonly #committer: OffsetCommitter;
  readonly #readAhead: ReadAhead;
  readonly #gathering: Gathering | undefined;
  #handledSinceCommit = 0;
  #cancelTimer: (() => void) | undefined;
  #isStopping = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { cluster, events, run } = options;
    const { groupId, maxBytes } = options.options;
    this.#readAhead = new ReadAhead(maxBytes);
    this.#gathering = gatheringOf(run);
    this.#source = this.#createSource();
    this.#transactions = run.transactional === true ? this.#createTransactions() : undefined;
    const delivery = createDelivery({
      ...options,
      memberId: () => this.#source.memberId!,
      pump: () => this.pump(),
      halt: () => this.#runner.halt(),
      commit: () => (this.#commitsByItself ? this.commitResolved() : Promise.resolve()),
    });
    this.#committer = new OffsetCommitter({
      cluster,
      groupId,
      events,
      followsClaims: run.transactional === true,
      memberId: () => this.#source.memberId,
      onFenced: (partition) => this.#fenced(partition),
    });
    this.#runner = new HandlerRunner({
      run,
      transactions: this.#transactions,
      ...delivery,
      groupId,
      clock: cluster.clock,
      events,
      partitions: () => this.#partitions.values(),
      isAlive: () => this.#source.isAlive,
      pause: options.pause,
      onHandled: (records) => this.#handled(records),
      commit: () => this.commitResolved(),
      uncommitted: () => this.#uncommitted(),
    });
  }

  get partitions(): Iterable<AssignedPartition> {
    return this.#partitions.values();
  }

  get committer(): OffsetCommitter {
    return this.#committer;
  }

  start(): void {
    this.#source.start();
  }

  /** Something may be ready that was not: a partition was resumed or moved. */
  pump(): void {
    this.#runner.pump();
  }

  /** The subscription, or what the consumer chose, changed: follow it now. */
  report(): void {
    this.#source.wake();
  }

  commitResolved(): Promise<void> {
    this.#handledSinceCommit = 0;
    return this.#committer.commitResolved([...this.#partitions.values()]);
  }

  /** Waits for the handlers that run, commits what they finished, leaves the group. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancelTimer?.();
    await this.#runner.stop();
    if (this.#commitsByItself) {
      const partitions = [...this.#partitions.values()];
      await this.#committer.commitResolved(partitions, PATIENCE_TO_STOP_MS).catch(this.#options.onError);
    }
    for (const partition of this.#partitions.values()) partition.release();
    await this.#source.leave();
    this.#partitions.clear();
    await this.#transactions?.close();
  }

  get #commitsByItself(): boolean {
    return this.#options.run.autoCommit !== false && this.#options.options.groupId !== null;
  }

  #createTransactions(): ClaimedTransactions {
    const { cluster, applications, options, run } = this.#options;
    return new ClaimedTransactions({
      applications,
      application: applications.named(run.application),
      groupId: options.groupId!,
      memberId: () => this.#source.memberId!,
      runInTransaction: run.runInTransaction,
      isStopping: () => this.#isStopping,
      concurrency: run.partitionsConsumedConcurrently ?? 1,
      clock: cluster.clock,
      random: cluster.random.next,
      logger: cluster.logger,
      onFenced: (partition) => this.#fenced(partition),
    });
  }

  /** A partition that was released already is none of this member's any more. */
  #fenced(partition: AssignedPartition): void {
    if (!partition.isReleased) this.#source.fence();
  }

  #createSource(): PartitionSource {
    const { cluster, events, clientId, host, subscription, chosen, onError, onFatal, options } = this.#options;
    const { groupId } = options;
    const follow = {
      onAssigned: (assigned: readonly Assignment[]) => this.#assign(assigned),
      onRevoked: (partitionId: number) => this.#giveUp(partitionId),
      onError,
      onFatal,
    };
    if (chosen !== undefined) return new ManualAssignment({ ...follow, cluster, groupId, chosen });
    return new Membership({
      ...options,
      ...follow,
      groupId: groupId!,
      cluster,
      events,
      clientId,
      host,
      subscription,
      onLost: (partitionIds) => this.#drop(partitionIds),
      onAlive: () => this.#runner.pump(),
      longestCallMs: () => this.#runner.longestCallMs(),
    });
  }

  #assign(assigned: readonly Assignment[]): void {
    if (this.#isStopping) return; // An answer that was on its way; the group hears of the leave next.
    const transactions = this.#transactions;
    for (const assignment of assigned) {
      const { topic, partition, partitionId } = assignment;
      const { cluster, options, events, subscription, onError, onFatal, onAssigned, isPaused } = this.#options;
      const work: AssignedPartition = new AssignedPartition({
        ...assignment,
        before: transactions === undefined ? this.#left.take(this.#source.memberId, assignment) : undefined,
        claim: transactions && (() => transactions.begin(work)),
        cluster,
        reset: subscription.resetFor(topic),
        maxBytes: options.maxBytesPerPartition,
        readAhead: this.#readAhead,
        gathering: this.#gathering,
        onRecords: () => this.#runner.pump(),
        onDirty: () => this.#commitInTime(),
        onFetchStart: () => events.emit(CONSUMER_EVENTS.FETCH_START, { topic, partition }),
        onFetched: (fetched) => events.emit(CONSUMER_EVENTS.FETCH, { topic, partition, ...fetched }),
        onFault: onError,
        onFatal,
      });
      work.isPaused = isPaused(work);
      this.#partitions.set(partitionId, work);
      onAssigned(work);
      work.start();
    }
    // What is parked of them may be due, also when nothing new comes.
    this.#runner.pump();
  }

  /** Lets the running handler end and commits: only then may another member have the partition. */
  async #giveUp(partitionId: number): Promise<void> {
    const partition = this.#partitions.get(partitionId);
    if (partition === undefined) return;
    partition.release();
    const { clock } = this.#options.cluster;
    while (partition.isBeingHandled) await clock.sleep(5);
    if (this.#commitsByItself) await this.#committer.commitResolved([partition]);
    this.#partitions.delete(partitionId);
  }

  #drop(partitionIds: readonly number[]): void {
    for (const partitionId of partitionIds) {
      const partition = this.#partitions.get(partitionId);
      if (partition === undefined) continue;
      partition.release();
      this.#left.add(this.#source.memberId, partition);
      this.#partitions.delete(partitionId);
    }
  }

  #handled(records: number): void {
    this.#handledSinceCommit += records;
    const threshold = this.#options.run.autoCommitThreshold;
    if (threshold != null && this.#commitsByItself && this.#handledSinceCommit >= threshold) {
      void this.commitResolved().catch(this.#options.onError);
    }
  }

  /** A consumer with nothing to commit has no timer: a thousand idle ones cost no turns of the event loop. */
  #commitInTime(): void {
    if (!this.#commitsByItself || this.#isStopping || this.#cancelTimer !== undefined) return;
    const interval = this.#options.run.autoCommitInterval ?? AUTO_COMMIT_INTERVAL_MS;
    this.#cancelTimer = this.#options.cluster.clock.after(interval, () => {
      void this.commitResolved()
        .catch(this.#options.onError)
        .finally(() => {
          this.#cancelTimer = undefined;
          if (this.#uncommitted().length > 0) this.#commitInTime();
        });
    });
  }

  #uncommitted(): TopicPartitionOffset[] {
    return [...this.#partitions.values()]
      .filter((partition) => partition.isDirty)
      .map(({ topic, partition, resolvedOffset }) => ({ topic, partition, offset: String(resolvedOffset) }));
  }
}
