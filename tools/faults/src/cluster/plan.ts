import { randomOf } from '../schedule.js';

/** What is done to the cluster. A machine is a broker's process and its Postgres server. */
export type FaultKind =
  | 'kill-postgres'
  | 'kill-broker'
  | 'kill-machine'
  | 'stop-postgres'
  | 'stop-broker'
  | 'stop-machine'
  | 'cut-metadata'
  | 'cut-followers'
  | 'cut-client'
  | 'cut-client-metadata'
  | 'cut-own'
  | 'cut-machine'
  | 'reset'
  | 'two-down'
  | 'rolling-restart'
  | 'metadata-down'
  /** Scripts only: an older copy of a data directory takes its place. */
  | 'restore-copy'
  /** Scripts only: the next answer to this broker's change of the metadata is lost, and nothing passes on that edge any more. */
  | 'lose-metadata-answer'
  /** Scripts only: answers to clients' appends are lost with their connections. */
  | 'lose-append-answers';

/** Which way nothing passes any more: what is asked, what is answered, or both. */
export type Direction = 'both' | 'requests' | 'replies';

/** Whom a fault hits: by what it is when the fault begins, or by number. */
export type Whom =
  | { readonly role: 'leader' | 'follower' | 'any'; readonly chance: number }
  /** `only`: of the edges to its database, this broker's. */
  | { readonly brokerId: number; readonly only?: number };

export interface PlannedFault {
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly lastsMs: number;
  readonly whom: Whom;
  readonly direction: Direction;
  /** What was held back on a cut edge arrives when it heals, or its connections are reset then. */
  readonly healing: 'late' | 'reset';
  /** Scripts only: it waits until an answer of the metadata was lost. */
  readonly isAfterLoss?: boolean;
}

export interface PlanOptions {
  readonly seed: number;
  readonly lengthMs: number;
}

export const WINDOW_MS = 10_000;
/** Nothing is taken back later than this in a window. */
const LAST_HEAL_MS = 8_500;

const KINDS: readonly FaultKind[] = [
  'kill-machine',
  'kill-postgres',
  'kill-broker',
  'stop-postgres',
  'stop-broker',
  'stop-machine',
  'cut-metadata',
  'cut-metadata',
  'cut-followers',
  'cut-client',
  'cut-client-metadata',
  'cut-own',
  'cut-machine',
  'reset',
  'reset',
  'two-down',
  'rolling-restart',
  'metadata-down',
];

/**
 * The faults of a run, the same for the same seed: windows of ten seconds with one fault or two, of each four windows one that is quiet. Every kind
 * comes once before any comes again.
 */
export function planFaults({ seed, lengthMs }: PlanOptions): PlannedFault[] {
  const random = randomOf(seed);
  const faults: PlannedFault[] = [];
  const kinds = dealer(KINDS, random);
  let quiet = -1;
  for (let window = 0; window * WINDOW_MS < lengthMs; window++) {
    if (window % 4 === 0) quiet = window + Math.floor(random() * 4);
    if (window === quiet && lengthMs > WINDOW_MS) continue;
    const beginsAt = window * WINDOW_MS;
    faults.push(planned(kinds(), beginsAt, random));
    if (random() < 0.3) faults.push(planned(kinds(), beginsAt, random));
  }
  return faults.sort((one, other) => one.atMs - other.atMs);
}

function planned(kind: FaultKind, windowAt: number, random: () => number): PlannedFault {
  const offset = 200 + random() * 1_800;
  // Some last for longer than a session, some are over before anybody notices.
  const lastsMs = Math.min(random() < 0.3 ? 300 + random() * 2_000 : 4_000 + random() * 4_000, LAST_HEAL_MS - offset);
  const roles = ['leader', 'leader', 'follower', 'any'] as const;
  const directions = ['both', 'both', 'requests', 'replies'] as const;
  return {
    atMs: windowAt + offset,
    kind,
    lastsMs,
    whom: { role: roles[Math.floor(random() * roles.length)]!, chance: random() },
    direction: directions[Math.floor(random() * directions.length)]!,
    healing: random() < 0.6 ? 'late' : 'reset',
  };
}

/** Deals all cards in random order before it shuffles again. */
function dealer<T>(cards: readonly T[], random: () => number): () => T {
  let deck: T[] = [];
  return () => {
    if (deck.length === 0) deck = [...cards];
    const [card] = deck.splice(Math.floor(random() * deck.length), 1);
    return card!;
  };
}
