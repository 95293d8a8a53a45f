import type { Offset } from '../record/offset.js';
import type { Clock } from '../runtime/clock.js';
import { createDeferred, type Deferred } from '../runtime/deferred.js';
import type { Purgatory } from '../runtime/purgatory.js';
import type { PartitionToRead, ReadPartition } from '../log/log.store.js';

export interface FetchRequest {
  readonly partitions: readonly { readonly partitionId: number; readonly fetchOffset: Offset }[];
  readonly partitionMaxBytes: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  readonly signal: AbortSignal;
}

/** With a live listener polling is only a safety net; without one it adapts between these bounds. */
const SAFETY_POLL_MS = 5_000;
const SHORTEST_POLL_MS = 5;
const LONGEST_POLL_MS = 250;
const MOST_BYTES_A_READ = 16 * 1024 * 1024;

interface Waiting {
  readonly request: FetchRequest;
  readonly answer: Deferred<ReadPartition[]>;
  /** Something may be there: look again. */
  mustLook: boolean;
  readonly leave: () => void;
}

/**
 * One reader for all consumers of the process: whoever waits for records is served by the same statement, one at a
 * time, under one snapshot. A request is answered as soon as any of its partitions has news, or empty when its time is up.
 */
export class FetchDispatcher {
  readonly #read: (requests: PartitionToRead[], limits: { partitionMaxBytes: number; maxBytes: number }) => Promise<ReadPartition[]>;
  readonly #clock: Clock;
  readonly #purgatory: Purgatory<number>;
  readonly #waiting = new Set<Waiting>();
  #isReading = false;
  #isLive = false;
  #pollMs = SHORTEST_POLL_MS;
  #cancelPoll: (() => void) | undefined;

  constructor(options: {
    read: (requests: PartitionToRead[], limits: { partitionMaxBytes: number; maxBytes: number }) => Promise<ReadPartition[]>;
    clock: Clock;
    purgatory: Purgatory<number>;
  }) {
    this.#read = options.read;
    this.#clock = options.clock;
    this.#purgatory = options.purgatory;
  }

  fetch(request: FetchRequest): Promise<ReadPartition[]> {
    const answer = createDeferred<ReadPartition[]>();
    const finishEmpty = () => this.#settle(waiting, []);
    const wake = () => {
      waiting.mustLook = true;
      void this.#run();
    };
    // Registered before the first look, so that a wake-up during the read is not lost.
    const leavePurgatory = this.#purgatory.wait(
      request.partitions.map((p) => p.partitionId),
      wake,
    );
    const cancelTimeout = this.#clock.after(request.maxWaitMs, finishEmpty);
    request.signal.addEventListener('abort', finishEmpty, { once: true });
    const leave = () => {
      leavePurgatory();
      cancelTimeout();
      request.signal.removeEventListener('abort', finishEmpty);
    };
    const waiting: Waiting = { request, answer, mustLook: true, leave };
    this.#waiting.add(waiting);
    if (request.signal.aborted) finishEmpty();
    else void this.#run();
    return answer.promise;
  }

  /** Whether wake-ups from other processes arrive. Either way nothing is known about what was missed. */
  setLive(isLive: boolean): void {
    this.#isLive = isLive;
    this.#lookEverywhere();
  }

  #lookEverywhere(): void {
    for (const waiting of this.#waiting) waiting.mustLook = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      for (let due = this.#due(); due.length > 0; due = this.#due()) await this.#look(due);
    } finally {
      this.#isReading = false;
    }
    this.#schedulePoll();
  }

  #due(): Waiting[] {
    return [...this.#waiting].filter((waiting) => waiting.mustLook);
  }

  async #look(due: readonly Waiting[]): Promise<void> {
    const requests: PartitionToRead[] = [];
    const owners: Waiting[] = [];
    let maxBytes = 0;
    let partitionMaxBytes = 0;
    for (const waiting of due) {
      waiting.mustLook = false;
      for (const partition of waiting.request.partitions) {
        requests.push(partition);
        owners.push(waiting);
      }
      maxBytes += waiting.request.maxBytes;
      partitionMaxBytes = Math.max(partitionMaxBytes, waiting.request.partitionMaxBytes);
    }
    try {
      const limits = { partitionMaxBytes, maxBytes: Math.min(maxBytes, MOST_BYTES_A_READ) };
      const answers = await this.#read(requests, limits);
      for (const [waiting, own] of groupAnswers(answers, owners)) this.#settle(waiting, own);
      this.#pollMs = answers.length > 0 ? SHORTEST_POLL_MS : Math.min(this.#pollMs * 2, LONGEST_POLL_MS);
    } catch (error) {
      for (const waiting of due) {
        waiting.leave();
        this.#waiting.delete(waiting);
        waiting.answer.reject(error);
      }
    }
  }

  #settle(waiting: Waiting, answer: ReadPartition[]): void {
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

function groupAnswers(answers: readonly ReadPartition[], owners: readonly Waiting[]): Map<Waiting, ReadPartition[]> {
  const groups = new Map<Waiting, ReadPartition[]>();
  for (const answer of answers) {
    const owner = owners[answer.index]!;
    const group = groups.get(owner);
    if (group === undefined) groups.set(owner, [answer]);
    else group.push(answer);
  }
  return groups;
}
