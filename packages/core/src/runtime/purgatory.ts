/**
 * Where requests wait for something to happen to a key (a partition got records), or for their time to run out.
 *
 * A wake-up is a hint: whoever is woken looks again. Waking a key that nobody waits for is free.
 */
export class Purgatory<K> {
  readonly #waiting = new Map<K, Set<() => void>>();

  /** Registers `wake` under every key; the answer takes it out again. */
  wait(keys: Iterable<K>, wake: () => void): () => void {
    const held = [...keys];
    for (const key of held) {
      const waiters = this.#waiting.get(key);
      if (waiters === undefined) this.#waiting.set(key, new Set([wake]));
      else waiters.add(wake);
    }
    return () => {
      for (const key of held) this.#leave(key, wake);
    };
  }

  /** Wakes everyone who waits for this key. */
  wake(key: K): void {
    const waiters = this.#waiting.get(key);
    if (waiters !== undefined) for (const wake of [...waiters]) wake();
  }

  /** Wakes everyone: nothing is known (a listener reconnected, a client closes). */
  wakeAll(): void {
    for (const key of [...this.#waiting.keys()]) this.wake(key);
  }

  #leave(key: K, wake: () => void): void {
    const waiters = this.#waiting.get(key);
    if (waiters === undefined) return;
    waiters.delete(wake);
    if (waiters.size === 0) this.#waiting.delete(key);
  }
}
