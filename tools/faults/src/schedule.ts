import type { FaultKind } from './history.js';

/** A fault to inject, so many milliseconds after the beginning. */
export interface PlannedFault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Which of the processes that are there then: a part of their number. */
  readonly target: number;
  /** How long it lasts: until a process is started again, or goes on. */
  readonly lastsMs: number;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly lengthMs: number;
  readonly sessionTimeoutMs: number;
  /** How often partitions may be added. */
  readonly mostGrowths: number;
}

const WINDOW_MS = 30_000;
/** At the end of each window nothing happens, so that the group has to come to rest. */
const QUIET_MS = 8_000;
const KINDS: readonly FaultKind[] = ['kill', 'kill', 'stop', 'stop', 'leave', 'join', 'grow'];

/** The faults of a run; the same for the same seed. */
export function planFaults({ seed, lengthMs, sessionTimeoutMs, mostGrowths }: ScheduleOptions): PlannedFault[] {
  const random = randomOf(seed);
  const faults: PlannedFault[] = [];
  let growths = 0;
  for (let atMs = 1_000 + random() * 1_000; atMs < lengthMs; atMs += 500 + random() * 2_500) {
    const kind = KINDS[Math.floor(random() * KINDS.length)]!;
    const target = random();
    const length = random();
    if (atMs % WINDOW_MS > WINDOW_MS - QUIET_MS) continue;
    if (kind === 'grow' && ++growths > mostGrowths) continue;
    const lastsMs = kind === 'stop' ? sessionTimeoutMs + 500 + length * 2_500 : length * 3_000;
    faults.push({ atMs, kind, target, lastsMs });
  }
  return faults;
}

/** mulberry32: 32 bits of state, good enough to choose by. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
