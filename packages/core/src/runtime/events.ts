import type { Clock } from './clock.js';

export interface EmittedEvent {
  readonly id: number;
  readonly type: string;
  readonly timestamp: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** KafkaJS's instrumentation: named events, each listener on its own, a listener's fault never reaches the emitter. */
export class EventBus {
  readonly #listeners = new Map<string, Set<(event: EmittedEvent) => void>>();
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  #nextId = 0;

  constructor(clock: Clock, onFault: (error: unknown) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  on(type: string, listener: (event: EmittedEvent) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit(type: string, payload: Readonly<Record<string, unknown>> = {}): void {
    const listeners = this.#listeners.get(type);
    if (listeners === undefined || listeners.size === 0) return;
    const event = { id: this.#nextId++, type, timestamp: this.#clock.now(), payload };
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
