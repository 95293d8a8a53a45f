import { randomOf } from '../schedule.js';
import type { FaultKind } from './events.js';

/** A fault to inject, so many milliseconds after the beginning. */
export interface PlannedFault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Which of those that it may hit: a part of their number. */
  readonly target: number;
  /** Until a process or the server is started again, or a process goes on. */
  readonly lastsMs: number;
}

export interface PlanOptions {
  readonly seed: number;
  readonly lengthMs: number;
  readonly sessionTimeoutMs: number;
  /** Of several brokers, that which leads most is killed; with one, its Postgres server is. */
  readonly isCluster: boolean;
}

const WINDOW_MS = 20_000;
/** At the end of each window nothing begins, so that what waits is caught up with. */
const QUIET_MS = 6_000;
/** After the database was gone, sessions have ended and members join again: a fault in that time would meet nothing. */
const AFTER_CRASH_MS = 5_000;
const KINDS: readonly FaultKind[] = [
  'stall-app',
  'kill-app',
  'terminate-backends',
  'kill-app',
  'crash-postgres',
  'terminate-backends',
  'stall-app',
  'kill-postgres',
  'stall-app',
  'terminate-backends',
];

const KINDS_OF_A_CLUSTER: readonly FaultKind[] = [
  'kill-leader',
  'stall-app',
  'kill-app',
  'kill-leader',
  'terminate-backends',
];
/** Others lead by then, and what was killed comes back. */
const LEADERLESS_MS = 4_000;
const AFTER_LEADER_MS = 10_000;
/** A shorter run has no time for it. */
const LONG_MS = 30_000;
/** Until what an app had claimed is another's, and until it has gone on and met that. */
const ZOMBIE_MS = 3_000;

/**
 * The faults of a run, the same for the same seed; every kind comes before any comes too often. First of all an app is stopped for longer than its session,
 * with nothing else beside it: its transactions are zombies that find everything as they left it.
 */
export function planFaults({ seed, lengthMs, sessionTimeoutMs, isCluster }: PlanOptions): PlannedFault[] {
  const random = randomOf(seed);
  const stallMs = () => sessionTimeoutMs + 2_500 + random() * 3_000;
  const faults: PlannedFault[] = [];
  // A cluster's run is about its leaders.
  let deck: FaultKind[] = isCluster ? ['kill-leader'] : [];
  let atMs = 500 + random() * 500;
  if (lengthMs >= LONG_MS) {
    faults.push({ atMs, kind: 'stall-app', target: random(), lastsMs: stallMs() });
    atMs += faults[0]!.lastsMs + ZOMBIE_MS;
  }
  for (; atMs < lengthMs; atMs += 800 + random() * 2_200) {
    if (atMs % WINDOW_MS > WINDOW_MS - QUIET_MS) continue;
    if (deck.length === 0) deck = isCluster ? [...KINDS_OF_A_CLUSTER] : [...KINDS];
    const [kind] = deck.splice(Math.floor(random() * deck.length), 1);
    const isOfALeader = kind === 'kill-leader';
    const lastsMs = kind === 'stall-app' ? stallMs() : random() * 1_500 + (isOfALeader ? LEADERLESS_MS : 0);
    faults.push({ atMs, kind: kind!, target: random(), lastsMs });
    // Most zombies find their connection as they left it.
    if (kind === 'stall-app' && random() < 0.7) atMs += lastsMs;
    if (isOfAServer(kind!)) atMs += isOfALeader ? lastsMs + AFTER_LEADER_MS : AFTER_CRASH_MS;
  }
  return faults;
}

/** Not of an app, nor of sessions. */
export function isOfAServer(kind: FaultKind): boolean {
  return kind === 'kill-postgres' || kind === 'crash-postgres' || kind === 'kill-leader';
}
