import { PostlogError } from '../errors/postlog-error.js';
import type { ReadPartition } from '../log/log.store.js';
import type { Offset } from '../record/offset.js';
import { DEFAULT_RETRY, retryDelay } from '../runtime/backoff.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { AssignedPartitionOptions } from './assigned-partition-options.js';
import type { Leadership } from './cluster.js';
import { decodeFetched, type FetchedRecords } from './fetched-records.js';
import { hasLeaderMoved, isForTheUser, truncated } from './fetch-errors.js';
import { validatePosition } from './leader-validation.js';
import { goOnAt, type HandledUpTo, type Held } from './left-behind.js';
import { PartitionFailures } from './partition-failures.js';
import { RecordBuffer } from './record-buffer.js';
import { findStart, type StartPosition } from './start-position.js';
import { untilAborted } from './until-aborted.js';

const NO_EPOCH = -1;
const FETCH_RETRY = { ...DEFAULT_RETRY, maxRetryTime: 1_000 };

/**
 * One partition while this member owns it: where it reads, what it has read ahead, how far the handler got, and what is
 * committed. It fetches by itself, one fetch ahead of the handler, so that a slow partition holds up no other.
 */
export class AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly partitionId: number;
  readonly ownerEpoch: number;
  readonly resetEpoch: number;
  /** Of the last record before what was committed when the group gave the partition; -1 when unknown. */
  readonly committedLeaderEpoch: number;
  committedOffset: Offset | null;
  /** Epoch of the leader that wrote the last record that was handled. */
  leaderEpoch = NO_EPOCH;
  /** An explicit seek went back, so the next commit may too. */
  mayCommitBackwards = false;
  /** The same partition before a drop, until a call begins here. */
  before: Held | undefined;
  isPaused = false;
  isBeingHandled = false;
  readonly failures = new PartitionFailures();
  /** When its records were last given to the handler, counted in calls. */
  lastTurn = 0;
  readonly #options: AssignedPartitionOptions;
  readonly #stopping = new AbortController();
  #resolvedOffset: Offset | null = null;
  #position: Offset | null = null;
  /** Where to begin while there is no position. */
  #start: StartPosition;
  readonly #buffer: RecordBuffer;
  /** Rises with every seek: what was fetched or is handled before it is stale. */
  #generation = 0;
  #hasRoom: Deferred<void> = createDeferred<void>();
  /** Aborts when the present fetch is of no use any more. */
  #interrupting = new AbortController();
  /** Of the record before the position; -1 when unknown. */
  #lastEpoch = NO_EPOCH;
  /** Under this leader epoch the position was validated. */
  #validEpoch: number | undefined;
  /** Whom the present fetch asks; undefined when nobody was known to lead. */
  #askedEpoch: number | undefined;
  #fetchFailures = 0;
  #isClaimed: boolean;
  #leaveLeaders: (() => void) | undefined;

  constructor(options: AssignedPartitionOptions) {
    this.#options = options;
    this.topic = options.topic;
    this.partition = options.partition;
    this.partitionId = options.partitionId;
    this.ownerEpoch = options.ownerEpoch;
    this.resetEpoch = options.resetEpoch;
    this.committedLeaderEpoch = options.leaderEpoch;
    this.committedOffset = options.committedOffset;
    this.before = options.before;
    this.#start = options.reset;
    this.#buffer = new RecordBuffer({ ...options, clock: options.cluster.clock, onDue: options.onRecords });
    this.#isClaimed = options.claim === undefined;
    if (options.claim !== undefined) return;
    const begin = goOnAt({ ...options, resolvedOffset: options.committedOffset }, options.before);
    if (begin !== null) this.#goOn(begin);
  }

  get generation(): number {
    return this.#generation;
  }

  /** Given up or stopped: nothing that is still running may go on with it. */
  get isReleased(): boolean {
    return this.#stopping.signal.aborted;
  }

  get hasRecords(): boolean {
    return this.#buffer.isReady;
  }

  /** Everything before it is handled; what a commit stores. Null until the position is known. */
  get resolvedOffset(): Offset | null {
    return this.#resolvedOffset;
  }

  get isDirty(): boolean {
    return this.resolvedOffset !== null && this.resolvedOffset !== this.committedOffset;
  }

  start(): void {
    const { cluster } = this.#options;
    this.#leaveLeaders = cluster.onLeadersChanged(() => {
      if (cluster.knownLeader(this)?.leaderEpoch !== this.#askedEpoch) this.#interrupt();
    });
    if (this.isDirty) this.#options.onDirty();
    void this.#fetchLoop();
  }

  /** Stops fetching; a handler that runs sees `isReleased`. */
  release(): void {
    this.#stopping.abort();
    this.#interrupting.abort();
    this.#leaveLeaders?.();
    this.#hasRoom.resolve();
    this.#buffer.clear();
  }

  /** Goes on from here: drops what was read ahead and makes running handlers stale. */
  seek(to: Offset | StartPosition): void {
    this.#generation += 1;
    this.before = undefined;
    this.#position = typeof to === 'bigint' ? to : null;
    if (typeof to !== 'bigint') this.#start = to;
    this.#buffer.clear();
    this.mayCommitBackwards = true;
    this.#resolve(this.#position);
    this.failures.forget();
    this.leaderEpoch = NO_EPOCH;
    this.#lastEpoch = NO_EPOCH;
    this.#interrupt();
    this.#hasRoom.resolve();
  }

  /** For a call that begins: none runs here any more, nor any from before a drop. */
  takeRecords(): FetchedRecords | undefined {
    this.#skipHandled();
    const records = this.#buffer.take();
    this.#hasRoom.resolve();
    return records;
  }

  /** The last call before a drop ended, and commits were confirmed, perhaps only after the group told where it goes on. */
  #skipHandled(): void {
    if (this.before === undefined) return;
    const begin = goOnAt(this, this.before);
    this.before = undefined;
    if (begin === null || begin.offset === this.#resolvedOffset) return;
    this.seek(begin.offset);
    this.mayCommitBackwards = false;
    this.#goOn(begin);
  }

  #goOn({ offset, leaderEpoch }: HandledUpTo): void {
    this.#position = offset;
    this.leaderEpoch = leaderEpoch;
    this.#lastEpoch = leaderEpoch;
    this.#validEpoch = undefined;
    this.#resolve(offset);
  }

  /** Puts back what was not handled, from `fromOffset` on, to be handled again. */
  returnRecords(records: FetchedRecords, fromOffset: Offset, generation: number): void {
    if (this.isReleased || generation !== this.#generation) return;
    this.#buffer.putBack(records, fromOffset, this.failures.calls > 0);
  }

  /** Everything before `next` is handled; never goes back but by `seek`. */
  resolve(next: Offset, generation: number, leaderEpoch: number): void {
    if (generation !== this.#generation) return;
    if (this.resolvedOffset !== null && next <= this.resolvedOffset) return;
    this.leaderEpoch = leaderEpoch;
    this.#resolve(next);
  }

  #resolve(offset: Offset | null): void {
    this.#resolvedOffset = offset;
    if (this.isDirty) this.#options.onDirty();
  }

  async #fetchLoop(): Promise<void> {
    const { cluster, onFault, onFatal } = this.#options;
    while (!this.isReleased) {
      try {
        if (this.#buffer.isFull) {
          this.#hasRoom = createDeferred<void>();
          await this.#hasRoom.promise;
        } else {
          await this.#options.readAhead.untilRoom();
          await this.#fetchOnce();
        }
      } catch (error) {
        if (this.isReleased) return;
        if (isForTheUser(error)) return onFatal(error);
        if (!hasLeaderMoved(error)) onFault(error);
        else void cluster.refresh().catch(onFault);
        const restMs = retryDelay(FETCH_RETRY, this.#fetchFailures++, cluster.random.next);
        await cluster.clock.sleep(restMs, this.#interrupting.signal);
      }
    }
  }

  async #fetchOnce(): Promise<void> {
    const { cluster, partitionId, maxBytes, onFetchStart } = this.#options;
    const { signal } = this.#interrupting;
    if (!this.#isClaimed) await this.#takeClaim();
    this.#askedEpoch = cluster.knownLeader(this)?.leaderEpoch;
    const from = await this.#begin();
    if (from === undefined) return;
    const leadership = await cluster.leaderOf(this);
    const generation = this.#generation;
    if (!(await this.#isValidUnder(leadership, from)) || generation !== this.#generation) return;
    const startedAt = cluster.clock.monotonic();
    onFetchStart();
    const { broker, leaderEpoch } = leadership;
    const request = { partitionId, fetchOffset: from, leaderEpoch, maxBytes, signal };
    const answer = await untilAborted(signal, broker.fetches.fetch(request));
    if (answer === undefined || this.isReleased || generation !== this.#generation) return;
    if (answer.error === 'OFFSET_OUT_OF_RANGE') this.#beginAnew(from);
    else if (answer.error === undefined) this.#take(answer, from, startedAt);
    else throw new PostlogError(answer.error, `fetching ${this.topic}-${this.partition} from ${from} was refused.`);
    this.#fetchFailures = 0;
  }

  /** A seek is faster where there was one: what is claimed counts from then on only for commits. */
  async #takeClaim(): Promise<void> {
    const claimed = await this.#options.claim!();
    this.#isClaimed = true;
    if (claimed !== null && this.#generation === 0) this.#goOn(claimed);
  }

  /** Where to read on; undefined when a seek was faster than the search for it. */
  async #begin(): Promise<Offset | undefined> {
    if (this.#position !== null) return this.#position;
    const generation = this.#generation;
    const begin = await findStart(this.#options.cluster, this, this.#start);
    if (generation !== this.#generation) return undefined;
    this.#position = begin;
    this.#resolve(begin);
    return begin;
  }

  /** The position was compared with the log of this very leader, so nothing but retention can have moved past it. */
  #beginAnew(from: Offset): void {
    const { topic, partition } = this;
    this.#start = this.#options.reset;
    const detail = { topic, partition, offset: String(from), reset: this.#start };
    this.#options.cluster.logger.warn('a fetch was out of range', detail);
    this.#position = null;
    this.#lastEpoch = NO_EPOCH;
    this.mayCommitBackwards = true;
  }

  #take(answer: ReadPartition, from: Offset, startedAt: number): void {
    const { cluster, onFetched, onRecords } = this.#options;
    onFetched({ numberOfBatches: answer.batches.length, duration: cluster.clock.monotonic() - startedAt });
    const records = decodeFetched(answer.batches, from, answer.highWatermark!);
    this.#position = records.nextOffset;
    if (records.leaderEpoch >= 0) this.#lastEpoch = records.leaderEpoch;
    if (records.messages.length === 0) return;
    this.#buffer.push(records);
    onRecords();
  }

  /** Whether reading may go on from here under this leader; what a new one lacks is told, never skipped silently. */
  async #isValidUnder(leadership: Leadership, position: Offset): Promise<boolean> {
    const { leaderEpoch } = leadership;
    const lastEpoch = this.#lastEpoch;
    // The record before the position was written in this reign, or nothing is known of it.
    if (leaderEpoch === this.#validEpoch || lastEpoch < 0 || leaderEpoch === lastEpoch || leaderEpoch < 0) return true;
    const { reset } = this.#options;
    const generation = this.#generation;
    const reader = { position, resolved: this.resolvedOffset, lastEpoch, reset };
    const { verdict, endEpoch } = await validatePosition(leadership, this, reader);
    if (generation !== this.#generation) return false;
    this.#validEpoch = leaderEpoch;
    if (verdict.kind === 'valid') return true;
    const error = truncated(this, position, verdict);
    if (verdict.kind === 'refused') throw error;
    const { topic, partition } = this;
    this.#options.cluster.logger.warn(error.message, { topic, partition, leaderEpoch, position: String(position) });
    const epoch = this.leaderEpoch;
    this.seek(verdict.kind === 'lost' ? verdict.goOnAt : reset);
    if (verdict.kind === 'lost') this.#lastEpoch = verdict.goOnAt < verdict.lostFrom ? epoch : endEpoch;
    return false;
  }

  /** Ends the present fetch, or the rest before the next. */
  #interrupt(): void {
    this.#interrupting.abort();
    this.#interrupting = new AbortController();
  }
}
