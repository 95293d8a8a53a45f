import type { Loop } from '../runtime/run-loop.js';

/** Who wants to hear of changes; what hears of them starts with the first. */
export class Watchers {
  readonly #watchers = new Set<{ readonly onChange: () => void }>();
  readonly #startListening: () => Loop;
  #listening: Loop | undefined;

  constructor(startListening: () => Loop) {
    this.#startListening = startListening;
  }

  /** The answer takes the watcher out again. */
  add(onChange: () => void): () => void {
    const watcher = { onChange };
    this.#watchers.add(watcher);
    this.#listening ??= this.#startListening();
    return () => void this.#watchers.delete(watcher);
  }

  callAll(): void {
    for (const { onChange } of [...this.#watchers]) onChange();
  }

  async close(): Promise<void> {
    this.#watchers.clear();
    await this.#listening?.stop();
  }
}
