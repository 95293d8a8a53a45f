/** Time, injected: production code never calls `Date.now` or `setTimeout` itself. */
export interface Clock {
  /** Milliseconds since 1970; data only, never an order or a fence. */
  now(): number;
  /** Milliseconds that never go back, for deadlines. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `run` after `ms`; the answer cancels. Does not keep the process alive. */
  after(ms: number, run: () => void): () => void;
}

/** Node's timers overflow to 1 ms at 2^31 ms, so no wait is longer than this. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, LONGEST_WAIT_MS));
      signal?.addEventListener('abort', done, { once: true });
    }),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, LONGEST_WAIT_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
