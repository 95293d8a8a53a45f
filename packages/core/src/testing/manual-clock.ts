import type { Clock } from '../runtime/clock.js';

export interface ManualClock extends Clock {
  /** Moves time forward and runs what became due, in order. */
  advance(ms: number): void;
}

/** A clock that stands still until it is moved: time in specs. */
export function manualClock(): ManualClock {
  let time = 0;
  let due: { readonly at: number; readonly run: () => void }[] = [];
  const after = (ms: number, run: () => void) => {
    const entry = { at: time + ms, run };
    due.push(entry);
    return () => void (due = due.filter((each) => each !== entry));
  };
  return {
    now: () => time,
    monotonic: () => time,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const cancel = after(ms, resolve);
        signal?.addEventListener('abort', () => {
          cancel();
          resolve();
        });
        if (signal?.aborted === true) resolve();
      }),
    advance: (ms) => {
      time += ms;
      for (const entry of due.filter(({ at }) => at <= time).sort((a, b) => a.at - b.at)) {
        due = due.filter((each) => each !== entry);
        entry.run();
      }
    },
  };
}
