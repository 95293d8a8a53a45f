import type { Clock } from '../runtime/clock.js';

/** A clock that moves only when it is told to: waits pass at once, in their order. */
export interface VirtualClock extends Clock {
  /** Lets so much time pass. What becomes due runs at its own time, and what follows from it is done before the next. */
  advance(ms: number): Promise<void>;
  /** Goes on to what is due next; false when nothing waits. */
  step(): Promise<boolean>;
}

interface Due {
  readonly at: number;
  readonly run: () => void;
}

/** @param startAt its first moment, in milliseconds since 1970 */
export function virtualClock(startAt: number): VirtualClock {
  let time = 0;
  const due = new Set<Due>();
  const after = (ms: number, run: () => void) => {
    const entry = { at: time + Math.max(0, ms), run };
    due.add(entry);
    return () => void due.delete(entry);
  };
  const next = () => {
    let first: Due | undefined;
    for (const entry of due) if (first === undefined || entry.at < first.at) first = entry;
    return first;
  };
  const goTo = async (entry: Due) => {
    due.delete(entry);
    time = Math.max(time, entry.at);
    entry.run();
    await settled();
  };
  return {
    now: () => Math.floor(startAt + time),
    monotonic: () => time,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const cancel = after(ms, resolve);
        signal?.addEventListener('abort', () => {
          cancel();
          resolve();
        });
      }),
    advance: async (ms) => {
      const until = time + ms;
      await settled();
      for (let entry = next(); entry !== undefined && entry.at <= until; entry = next()) await goTo(entry);
      time = until;
    },
    step: async () => {
      const entry = next();
      if (entry !== undefined) await goTo(entry);
      return entry !== undefined;
    },
  };
}

/** Promises that can go on have gone on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
