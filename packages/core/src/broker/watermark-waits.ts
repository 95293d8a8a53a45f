import type { ErrorCode } from '../errors/error-code.js';
import type { LogEnds } from '../log/log.store.js';
import type { Offset } from '../record/offset.js';
import { acksOutcome } from '../replication/acks-outcome.js';
import { afterTurn } from '../runtime/after-turn.js';
import type { Clock } from '../runtime/clock.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { Purgatory } from '../runtime/purgatory.js';

/** Records that were appended here and are to be on all in-sync replicas. */
export interface WatermarkWait {
  readonly partitionId: number;
  /** One past the last record. */
  readonly requiredOffset: Offset;
  /** Under which they were appended. */
  readonly leaderEpoch: number;
}

interface Waiting extends WatermarkWait {
  readonly answer: Deferred<ErrorCode | undefined>;
  mustLook: boolean;
  leave: () => void;
}

/** Wake-ups only shorten the wait; this is how often everybody looks anyway. */
const POLL_MS = 100;

/**
 * Where `acks: all` waits for high watermarks: all partitions that something happened to are looked at by one statement.
 */
export class WatermarkWaits {
  readonly #look: (partitionIds: readonly number[]) => Promise<LogEnds[]>;
  readonly #clock: Clock;
  readonly #purgatory: Purgatory<number>;
  readonly #waiting = new Set<Waiting>();
  #isScheduled = false;
  #isLooking = false;
  #cancelPoll: (() => void) | undefined;

  constructor(options: {
    readonly look: (partitionIds: readonly number[]) => Promise<LogEnds[]>;
    readonly clock: Clock;
    /** Woken by partition id when a mark moved. */
    readonly purgatory: Purgatory<number>;
  }) {
    this.#look = options.look;
    this.#clock = options.clock;
    this.#purgatory = options.purgatory;
  }

  /** Resolves to undefined when the records are stored, or to why that is not so or not known; at the deadline to `REQUEST_TIMED_OUT`. */
  async wait(request: WatermarkWait, deadlineMs: number): Promise<ErrorCode | undefined> {
    const waiting: Waiting = { ...request, answer: createDeferred(), mustLook: true, leave: () => {} };
    waiting.leave = this.#purgatory.wait([request.partitionId], () => {
      waiting.mustLook = true;
      this.#soon();
    });
    this.#waiting.add(waiting);
    const cancel = this.#clock.after(deadlineMs, () => this.#settle(waiting, 'REQUEST_TIMED_OUT'));
    this.#soon();
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
    const due = [...this.#waiting].filter(({ mustLook }) => mustLook);
    if (due.length > 0) {
      this.#isLooking = true;
      for (const waiting of due) waiting.mustLook = false;
      await this.#lookAt(due);
      this.#isLooking = false;
    }
    if ([...this.#waiting].some(({ mustLook }) => mustLook)) this.#soon();
    else this.#schedulePoll();
  }

  async #lookAt(due: readonly Waiting[]): Promise<void> {
    try {
      const ends = await this.#look([...new Set(due.map(({ partitionId }) => partitionId))]);
      const byId = new Map(ends.map((each) => [each.partitionId, each]));
      for (const waiting of due) {
        const end = byId.get(waiting.partitionId);
        const outcome = acksOutcome({
          requiredOffset: waiting.requiredOffset,
          highWatermark: end?.highWatermark ?? waiting.requiredOffset,
          isrSize: end?.isrSize ?? 0,
          minIsr: end?.minIsr ?? 1,
          appendedEpoch: waiting.leaderEpoch,
          leaderEpoch: end === undefined || end.role !== 'leader' ? null : end.leaderEpoch,
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

  #schedulePoll(): void {
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
    if (this.#waiting.size === 0) return;
    this.#cancelPoll = this.#clock.after(POLL_MS, () => {
      for (const waiting of this.#waiting) waiting.mustLook = true;
      this.#soon();
    });
  }
}
