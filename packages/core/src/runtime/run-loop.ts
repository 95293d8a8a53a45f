import type { Clock } from './clock.js';
import { retryDelay, type ResolvedRetry } from './backoff.js';

export interface LoopOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** One turn; answers how long to rest before the next, in milliseconds. */
  readonly step: (signal: AbortSignal) => Promise<number>;
  readonly onError: (error: unknown) => void;
  /** Pace of repeats after an error. */
  readonly retry: ResolvedRetry;
}

/** A loop that lives until it is stopped: an error slows it down and never ends it. */
export interface Loop {
  /** Ends the present rest, or the next one if a turn is running. A wake-up carries no truth. */
  wake(): void;
  /** Resolves when the running turn has ended. */
  stop(): Promise<void>;
}

/** Said by hand: an abort without a reason makes an exception, with its stack. */
const WOKEN = 'woken';

export function startLoop({ clock, random, step, onError, retry }: LoopOptions): Loop {
  const stopping = new AbortController();
  let rest = new AbortController();
  const pause = async (ms: number) => {
    if (!stopping.signal.aborted) await clock.sleep(ms, rest.signal);
    rest = new AbortController();
  };

  const run = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const restMs = await step(stopping.signal);
        failures = 0;
        await pause(restMs);
      } catch (error) {
        if (stopping.signal.aborted) return;
        onError(error);
        rest = new AbortController(); // A wake-up must not turn the back-off into a hot loop.
        await pause(retryDelay(retry, failures++, random));
      }
    }
  };

  const ended = run();
  return {
    wake: () => rest.abort(WOKEN),
    stop: () => {
      stopping.abort();
      rest.abort(WOKEN);
      return ended;
    },
  };
}
