/** Who listens to what. */
export class Listeners<Events extends Record<keyof Events, (...args: never[]) => void>> {
  readonly #listeners = new Map<keyof Events, Set<Events[keyof Events]>>();

  on<Event extends keyof Events>(event: Event, listener: Events[Event]): void {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(listener));
  }

  emit<Event extends keyof Events>(event: Event, ...args: Parameters<Events[Event]>): void {
    for (const listener of this.#listeners.get(event) ?? [])
      (listener as (...args: Parameters<Events[Event]>) => void)(...args);
  }

  clear(): void {
    this.#listeners.clear();
  }
}
