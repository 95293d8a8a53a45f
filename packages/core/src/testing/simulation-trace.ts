const KEPT = 150;

/** What happened last. */
export class SimulationTrace {
  readonly #now: () => number;
  readonly #kept: (readonly [at: number, who: string, what: string])[] = [];
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(who: string, what: string): void {
    this.#kept[this.#count++ % KEPT] = [this.#now(), who, what];
  }

  /** In order, a line each. */
  get lines(): readonly string[] {
    const first = this.#count % KEPT;
    const inOrder = this.#count < KEPT ? this.#kept : [...this.#kept.slice(first), ...this.#kept.slice(0, first)];
    return inOrder.map(([at, who, what]) => `${at.toFixed(1).padStart(9)} ms  ${who}: ${what}`);
  }
}
