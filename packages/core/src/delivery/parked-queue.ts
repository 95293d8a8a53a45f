import { offset, type Offset } from '../record/offset.js';

/** A record that waits in the parking table, without its content. */
export interface ParkedEntry {
  readonly offset: Offset;
  readonly key: Buffer;
  /** How often its handler failed; 0 for one that only waits for an earlier one of its key. */
  readonly attempts: number;
  /** When it may be handled, on the clock that the queue is asked with, in milliseconds. */
  readonly dueAt: number;
  /** What an operator wants to become of it. */
  readonly isDiscarded: boolean;
}

/** What waits of one partition, by key and in the order of offsets. Only the first of each key may be handled. */
export class ParkedQueue {
  readonly #keys = new Map<string, ParkedEntry[]>();
  #size = 0;

  constructor(entries: readonly ParkedEntry[] = []) {
    for (const entry of entries) this.add(entry);
  }

  /** How many records wait. */
  get size(): number {
    return this.#size;
  }

  /** Whether something of this key waits, so that what follows must wait too. */
  has(key: Buffer | null): boolean {
    return key !== null && this.#size > 0 && this.#keys.has(nameOf(key));
  }

  /** Whether this very record waits. */
  knows({ key, offset: at }: Pick<ParkedEntry, 'key' | 'offset'>): boolean {
    return this.#keys.get(nameOf(key))?.some((each) => each.offset === at) === true;
  }

  /** Adds an entry; one of the same offset takes the place of the one before. */
  add(entry: ParkedEntry): void {
    const name = nameOf(entry.key);
    const entries = this.#keys.get(name) ?? [];
    const place = entries.findIndex((each) => each.offset >= entry.offset);
    const isKnown = entries[place]?.offset === entry.offset;
    entries.splice(place < 0 ? entries.length : place, isKnown ? 1 : 0, entry);
    this.#keys.set(name, entries);
    if (!isKnown) this.#size += 1;
  }

  remove({ key, offset: gone }: Pick<ParkedEntry, 'key' | 'offset'>): void {
    const name = nameOf(key);
    const entries = this.#keys.get(name);
    const place = entries?.findIndex((each) => each.offset === gone) ?? -1;
    if (entries === undefined || place < 0) return;
    entries.splice(place, 1);
    this.#size -= 1;
    if (entries.length === 0) this.#keys.delete(name);
  }

  /** The first of a key that may be handled now: it is due, and `before` is past it. The one that has waited longest comes first. */
  due(now: number, before: Offset): ParkedEntry | undefined {
    let found: ParkedEntry | undefined;
    for (const [first] of this.#keys.values()) {
      if (first!.dueAt > now || first!.offset >= before) continue;
      if (found === undefined || first!.dueAt < found.dueAt) found = first;
    }
    return found;
  }

  /** When something may be due that is not now; undefined when nothing will be by itself. */
  nextDueAt(before: Offset): number | undefined {
    let next: number | undefined;
    for (const [first] of this.#keys.values()) {
      if (first!.offset < before && (next === undefined || first!.dueAt < next)) next = first!.dueAt;
    }
    return next;
  }
}

/** Bytes as text, one character each. */
function nameOf(key: Buffer): string {
  return key.toString('latin1');
}

/** Below every offset that was committed: nothing is due. */
export const NOTHING_DONE = offset(0);
