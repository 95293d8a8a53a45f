export type Undo = () => Promise<void> | void;

const DEADLINE_MS = 15_000;

/** What is to be undone at the end, the last first, each within a deadline: after a run, a failure or Ctrl-C. */
export class Cleanup {
  readonly #undos: Undo[] = [];
  readonly #deadlineMs: number;
  #isOver = false;

  constructor(deadlineMs = DEADLINE_MS) {
    this.#deadlineMs = deadlineMs;
  }

  /** What is added after the end, by work that was on its way then, is undone at once. */
  readonly add = (undo: Undo): void => {
    this.#undos.push(undo);
    if (this.#isOver) void this.run();
  };

  async run(): Promise<void> {
    this.#isOver = true;
    for (let undo = this.#undos.pop(); undo !== undefined; undo = this.#undos.pop()) {
      // What cannot be undone must not keep the rest from it.
      await within(
        Promise.resolve(undo).then((each) => each()),
        this.#deadlineMs,
        'cleaning up',
      ).catch(() => {});
    }
  }
}

/** The work's outcome, or an error when it takes longer. */
export async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${Math.round(ms / 1000)} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
