import type { ErrorCode } from '../errors/error-code.js';
import type { Offset } from '../record/offset.js';
import { acksOutcome } from '../replication/acks-outcome.js';
import type { Watermark } from '../replication/watermark.store.js';
import { afterTurn } from '../runtime/after-turn.js';
import type { Clock } from '../runtime/clock.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { Purgatory } from '../runtime/purgatory.js';
import type { HeardMark } from './wake-up.js';

/** Records that were appended here and are to be on all in-sync replicas. */
export interface WatermarkWait {
  readonly partitionId: number;
  /** One past the last record. */
  readonly requiredOffset: Offset;
  /** Under which they were appended. */
  readonly leaderEpoch: number;
  /** The leader alone is in sync: nobody will tell that the mark moved. */
  readonly isAlone?: boolean;
}

interface Waiting extends WatermarkWait {
  readonly answer: Deferred<ErrorCode | undefined>;
  /** When its partition is looked at next, on the clock's `monotonic`. */
  lookAt: number;
  leave: () => void;
}

/** So soon somebody looks who was not told: the mark moves once followers have copied, and a look before that is one for nothing. */
const FIRST_LOOK_MS = 50;
/** What is heard only shortens the wait; this is how often everybody looks anyway. */
const POLL_MS = 100;

/**
 * Where `acks: all` waits for high watermarks.
 *
 * Who moves a mark tells where it is, as that commits. Under the epoch of the append a mark that is past the records answers for them whenever it
 * is heard, since it never moves back. Where that says nothing, all partitions that something happened to are looked at by one statement.
 */
export class WatermarkWaits {
  readonly #look: (partitionIds: readonly number[]) => Promise<readonly Watermark[]>;
  readonly #clock: Clock;
  readonly #purgatory: Purgatory<number>;
  readonly #waiting = new Set<Waiting>();
  /** By partition, the last that was heard: it may come before its records are waited for. */
  readonly #heard = new Map<number, HeardMark>();
  #isLive = false;
  #isScheduled = false;
  #isLooking = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: {
    readonly look: (partitionIds: readonly number[]) => Promise<readonly Watermark[]>;
    readonly clock: Clock;
    /** Woken by partition id when a mark moved. */
    readonly purgatory: Purgatory<number>;
  }) {
    this.#look = options.look;
    this.#clock = options.clock;
    this.#purgatory = options.purgatory;
  }

  /** Whether wake-ups from other processes arrive. */
  setLive(isLive: boolean): void {
    this.#isLive = isLive;
  }

  /** Answers whom this tells that their records are stored. */
  hear(mark: HeardMark): void {
    this.#heard.set(mark.partitionId, mark);
    for (const waiting of [...this.#waiting]) if (isPast(mark, waiting)) this.#settle(waiting, undefined);
  }

  /** Resolves to undefined when the records are stored, or to why that is not so or not known; at the deadline to `REQUEST_TIMED_OUT`. */
  async wait(request: WatermarkWait, deadlineMs: number): Promise<ErrorCode | undefined> {
    const heard = this.#heard.get(request.partitionId);
    if (heard !== undefined && isPast(heard, request)) return undefined;
    const isToldLater = this.#isLive && request.isAlone !== true;
    const lookAt = isToldLater ? this.#clock.monotonic() + FIRST_LOOK_MS : -Infinity;
    const waiting: Waiting = { ...request, answer: createDeferred(), lookAt, leave: () => {} };
    waiting.leave = this.#purgatory.wait([request.partitionId], () => {
      waiting.lookAt = -Infinity;
      this.#soon();
    });
    this.#waiting.add(waiting);
    const cancel = this.#clock.after(deadlineMs, () => this.#settle(waiting, 'REQUEST_TIMED_OUT'));
    if (!this.#isLooking) this.#schedule();
    try {
      return await waiting.answer.promise;
    } finally {
      cancel();
    }
  }

  #soon(): void {
    if (this.#isScheduled || this.#isLooking) return;
    this.#isScheduled = true;
    afterTurn(() => {
      this.#isScheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    const now = this.#clock.monotonic();
    const due = new Set([...this.#waiting].filter(({ lookAt }) => lookAt <= now).map(({ partitionId }) => partitionId));
    if (due.size > 0) {
      this.#isLooking = true;
      await this.#lookAt(due, now);
      this.#isLooking = false;
    }
    this.#schedule();
  }

  /** What is seen answers everybody who waited for these partitions before the look began. */
  async #lookAt(partitionIds: ReadonlySet<number>, now: number): Promise<void> {
    const asking = [...this.#waiting].filter(({ partitionId }) => partitionIds.has(partitionId));
    for (const waiting of asking) waiting.lookAt = now + POLL_MS;
    try {
      const marks = new Map((await this.#look([...partitionIds])).map((mark) => [mark.partitionId, mark]));
      for (const waiting of asking) {
        const mark = marks.get(waiting.partitionId);
        const outcome = acksOutcome({
          requiredOffset: waiting.requiredOffset,
          highWatermark: mark?.highWatermark ?? waiting.requiredOffset,
          isrSize: mark?.isrSize ?? 0,
          minIsr: mark?.minIsr ?? 1,
          appendedEpoch: waiting.leaderEpoch,
          leaderEpoch: mark === undefined || mark.role !== 'leader' ? null : mark.leaderEpoch,
        });
        if (outcome !== 'wait') this.#settle(waiting, outcome === 'stored' ? undefined : outcome);
      }
    } catch {
      // The database does not answer: the poll looks again, until the deadline says that nothing is known.
    }
  }

  #settle(waiting: Waiting, outcome: ErrorCode | undefined): void {
    if (!this.#waiting.delete(waiting)) return;
    waiting.leave();
    waiting.answer.resolve(outcome);
  }

  /** At once where somebody was woken meanwhile, else when the next look is due. */
  #schedule(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#waiting.size === 0) return;
    const wait = Math.min(...[...this.#waiting].map(({ lookAt }) => lookAt)) - this.#clock.monotonic();
    if (wait <= 0) return this.#soon();
    this.#cancelTimer = this.#clock.after(Math.ceil(wait), () => {
      this.#cancelTimer = undefined;
      this.#soon();
    });
  }
}

function isPast({ partitionId, leaderEpoch, highWatermark }: HeardMark, wait: WatermarkWait): boolean {
  const isOne = partitionId === wait.partitionId && leaderEpoch === wait.leaderEpoch;
  return isOne && highWatermark >= wait.requiredOffset;
}
