import type { Offset } from '../record/offset.js';
import { afterTurn } from '../runtime/after-turn.js';
import type { Clock } from '../runtime/clock.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { Purgatory } from '../runtime/purgatory.js';
import type { PartitionToRead, ReadPartition } from '../log/log.store.js';

/** One partition, from one offset on. */
export interface FetchRequest {
  readonly partitionId: number;
  readonly fetchOffset: Offset;
  /** What the reader believes in (rule C20); left out, or -1: nothing. */
  readonly leaderEpoch?: number;
  readonly maxBytes: number;
  /** Ends the wait; a read that is under way is still answered, so that nothing is read for nothing. */
  readonly signal: AbortSignal;
}

/** With a live listener polling is only a safety net; without one it adapts between these bounds. */
const SAFETY_POLL_MS = 5_000;
const SHORTEST_POLL_MS = 5;
const LONGEST_POLL_MS = 250;
/** While one read is decoded and handled, the server works on the next. */
const MOST_READS = 2;
const MOST_BYTES_A_READ = 8 * 1024 * 1024;

interface Waiting {
  readonly request: FetchRequest;
  readonly answer: Deferred<ReadPartition | undefined>;
  /** Something may be there: look again. */
  mustLook: boolean;
  isBeingRead: boolean;
  readonly leave: () => void;
}

/**
 * One reader for all consumers of the process: all partitions that wait are looked at by one statement,
 * under one snapshot. A partition waits in here until it has news: a wake-up makes it look again, and so does, whatever
 * becomes of wake-ups, the poll.
 */
export class FetchDispatcher {
  readonly #read: (
    requests: PartitionToRead[],
    limits: { partitionMaxBytes: number; maxBytes: number },
  ) => Promise<ReadPartition[]>;
  readonly #clock: Clock;
  readonly #purgatory: Purgatory<number>;
  readonly #waiting = new Set<Waiting>();
  #isScheduled = false;
  #reads = 0;
  #isLive = false;
  #pollMs = SHORTEST_POLL_MS;
  #cancelPoll: (() => void) | undefined;

  constructor(options: {
    read: (
      requests: PartitionToRead[],
      limits: { partitionMaxBytes: number; maxBytes: number },
    ) => Promise<ReadPartition[]>;
    clock: Clock;
    purgatory: Purgatory<number>;
  }) {
    this.#read = options.read;
    this.#clock = options.clock;
    this.#purgatory = options.purgatory;
  }

  /** Resolves with news of the partition (records, or an error), or with undefined once the signal aborts. */
  fetch(request: FetchRequest): Promise<ReadPartition | undefined> {
    const answer = createDeferred<ReadPartition | undefined>();
    const wake = () => {
      waiting.mustLook = true;
      this.#soon();
    };
    const abort = () => {
      if (!waiting.isBeingRead) this.#settle(waiting, undefined);
    };
    // Registered before the first look, so that a wake-up during the read is not lost.
    const leavePurgatory = this.#purgatory.wait([request.partitionId], wake);
    request.signal.addEventListener('abort', abort, { once: true });
    const leave = () => {
      leavePurgatory();
      request.signal.removeEventListener('abort', abort);
    };
    const waiting: Waiting = { request, answer, mustLook: true, isBeingRead: false, leave };
    this.#waiting.add(waiting);
    if (request.signal.aborted) abort();
    else this.#soon();
    return answer.promise;
  }

  /** Whether wake-ups from other processes arrive. Either way nothing is known about what was missed. */
  setLive(isLive: boolean): void {
    this.#isLive = isLive;
    this.#lookEverywhere();
  }

  #lookEverywhere(): void {
    for (const waiting of this.#waiting) waiting.mustLook = true;
    this.#soon();
  }

  /** Requests that come in one turn of the event loop are read together. */
  #soon(): void {
    if (this.#isScheduled || this.#reads >= MOST_READS) return;
    this.#isScheduled = true;
    afterTurn(() => {
      this.#isScheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    const due = [...this.#waiting].filter((waiting) => waiting.mustLook && !waiting.isBeingRead);
    if (due.length > 0) {
      this.#reads += 1;
      await this.#look(due);
      this.#reads -= 1;
      this.#soon(); // Somebody may have been woken meanwhile.
    } else if (this.#reads === 0) {
      this.#schedulePoll();
    }
  }

  async #look(due: readonly Waiting[]): Promise<void> {
    for (const waiting of due) {
      waiting.mustLook = false;
      waiting.isBeingRead = true;
    }
    const sum = due.reduce((bytes, { request }) => bytes + request.maxBytes, 0);
    const limits = {
      partitionMaxBytes: Math.max(...due.map(({ request }) => request.maxBytes)),
      maxBytes: Math.min(sum, MOST_BYTES_A_READ),
    };
    try {
      const answers = await this.#read(
        due.map(({ request }) => request),
        limits,
      );
      for (const answer of answers) {
        const waiting = due[answer.index]!;
        // News that found no room in this read: look again, do not wait for a wake-up.
        if (answer.error === undefined && answer.batches.length === 0) waiting.mustLook = true;
        else this.#settle(waiting, answer);
      }
      for (const waiting of due) this.#putBack(waiting);
      this.#pollMs = answers.length > 0 ? SHORTEST_POLL_MS : Math.min(this.#pollMs * 2, LONGEST_POLL_MS);
    } catch (error) {
      for (const waiting of due) {
        waiting.leave();
        this.#waiting.delete(waiting);
        waiting.answer.reject(error);
      }
    }
  }

  #putBack(waiting: Waiting): void {
    waiting.isBeingRead = false;
    if (waiting.request.signal.aborted) this.#settle(waiting, undefined);
  }

  #settle(waiting: Waiting, answer: ReadPartition | undefined): void {
    if (!this.#waiting.delete(waiting)) return;
    waiting.leave();
    waiting.answer.resolve(answer);
  }

  #schedulePoll(): void {
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
    if (this.#waiting.size === 0) return;
    this.#cancelPoll = this.#clock.after(this.#isLive ? SAFETY_POLL_MS : this.#pollMs, () => this.#lookEverywhere());
  }
}
