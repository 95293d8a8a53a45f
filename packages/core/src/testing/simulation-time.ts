interface Event {
  readonly at: number;
  /** Of two at one time, the one that was planned first comes first. */
  readonly order: number;
  run: (() => void) | undefined;
}

/** Time that passes only from one event to the next, for everybody; in milliseconds. */
export class VirtualTime {
  readonly #heap: Event[] = [];
  #now = 0;
  #planned = 0;

  get now(): number {
    return this.#now;
  }

  /** How many events there were. */
  get events(): number {
    return this.#planned - this.#heap.length;
  }

  /** Plans an event; the answer cancels it. */
  after(ms: number, run: () => void): () => void {
    const event: Event = { at: this.#now + Math.max(0, ms), order: this.#planned++, run };
    this.#push(event);
    return () => void (event.run = undefined);
  }

  /** Lets events happen, each with all that follows from it at once, until that time, or until `isOver` says so after one. */
  async runUntil(at: number, isOver: () => boolean): Promise<void> {
    await settled();
    while (this.#heap.length > 0 && this.#heap[0]!.at <= at) {
      const { at: time, run } = this.#pop();
      if (run === undefined) continue;
      this.#now = time;
      run();
      await settled();
      if (isOver()) return;
    }
    this.#now = at;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): Event {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at === other.at ? one.order < other.order : one.at < other.at;
}

/** Resolves when no promise callback is left to run: ticks come after all of them. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
