import type { FaultKind, PlannedFault, Whom } from './plan.js';

/** Who is who when a script begins, by its topic's only partition. */
export interface Cast {
  readonly leader: number;
  readonly followers: readonly [number, number];
}

/** A schedule that provokes one thing, and what of the cluster's settings it needs otherwise than usual. */
export interface Script {
  readonly what: string;
  readonly lengthMs: number;
  readonly sessionTimeoutMs?: number;
  readonly replicaLagTimeMaxMs?: number;
  /** Whose data is copied before anything is sent, for `restore-copy`. */
  readonly copied?: (cast: Cast) => number;
  readonly faults: (cast: Cast) => readonly PlannedFault[];
}

export const SCRIPTS: Readonly<Record<string, Script>> = {
  'leader-dies': {
    what: 'the leader’s machine is killed and comes back',
    lengthMs: 8_000,
    sessionTimeoutMs: 2_000,
    faults: ({ leader }) => [at(500, 'kill-machine', { brokerId: leader }, 6_000)],
  },
  'deposed-leader': {
    what: 'a leader’s process is gone, and a client that asks leaders alone hears nothing from the metadata',
    lengthMs: 14_000,
    faults: ({ leader }) => [
      at(1_000, 'cut-client-metadata', { role: 'any', chance: 0.5 }, 10_000),
      at(1_500, 'kill-broker', { brokerId: leader }, 9_500),
    ],
  },
  'leader-alone': {
    what: 'followers are cut from the leader, which then dies',
    lengthMs: 14_000,
    replicaLagTimeMaxMs: 8_000,
    faults: ({ leader }) => [
      at(1_000, 'cut-followers', { brokerId: leader }, 9_000),
      at(3_000, 'kill-machine', { brokerId: leader }, 8_000),
    ],
  },
  'lost-answers': {
    what: 'answers to appends are lost, and the leader dies before the repeats are answered',
    lengthMs: 14_000,
    faults: ({ leader }) => [
      at(2_000, 'lose-append-answers', { brokerId: leader }, 2_000),
      at(3_500, 'kill-machine', { brokerId: leader }, 8_000),
    ],
  },
  'repeats-to-leader-alone': {
    what: 'followers are cut from the leader for so long that clients repeat their batches, then it dies',
    lengthMs: 19_000,
    replicaLagTimeMaxMs: 20_000,
    faults: ({ leader }) => [
      at(1_000, 'cut-followers', { brokerId: leader }, 14_000),
      at(9_000, 'kill-machine', { brokerId: leader }, 8_000),
    ],
  },
  'slow-follower-left': {
    what: 'a follower falls behind and leaves the ISR, then everybody else dies',
    lengthMs: 22_000,
    faults: ({ leader, followers: [first, second] }) => [
      at(1_000, 'cut-followers', { brokerId: leader, only: second }, 12_000),
      at(9_000, 'kill-machine', { brokerId: leader }, 10_000),
      at(9_000, 'kill-machine', { brokerId: first }, 10_000),
    ],
  },
  'join-answer-lost': {
    what: 'a follower joins the ISR, the leader never hears of it, and the follower falls behind again',
    lengthMs: 32_000,
    sessionTimeoutMs: 9_000,
    replicaLagTimeMaxMs: 2_000,
    faults: ({ leader, followers: [, second] }) => [
      at(1_000, 'cut-followers', { brokerId: leader, only: second }, 7_000),
      at(7_900, 'lose-metadata-answer', { brokerId: leader }, 10_000),
      { ...at(8_100, 'cut-followers', { brokerId: leader, only: second }, 10_000), isAfterLoss: true },
    ],
  },
  'restored-copy': {
    what: 'a broker comes back, alone, on an older copy of its data',
    lengthMs: 30_000,
    copied: ({ followers: [first] }) => first,
    faults: ({ leader, followers: [first, second] }) => [
      at(5_000, 'kill-machine', { brokerId: leader }, 20_000),
      at(5_000, 'kill-machine', { brokerId: second }, 20_000),
      at(11_000, 'restore-copy', { brokerId: first }, 500),
    ],
  },
};

function at(atMs: number, kind: FaultKind, whom: Whom, lastsMs: number): PlannedFault {
  return { atMs, kind, lastsMs, whom, direction: 'both', healing: 'reset' };
}
