import type { Undo } from '@postlog/core/testing';
import type { Line } from './report.js';

/** How much work a run does. `--quick` runs the same code with little. */
export interface Sizes {
  readonly records: number;
  readonly rivalRecords: number;
  readonly rounds: number;
  readonly rivalRounds: number;
  readonly largeBatches: number;
  readonly seconds: number;
  readonly pinnedSeconds: number;
  readonly idleRepeats: number;
  readonly depth: number;
  readonly group: {
    readonly partitions: number;
    readonly processes: number;
    readonly membersPerProcess: number;
    readonly sessionTimeout: number;
    readonly idleGroups: number;
    readonly idleSeconds: number;
  };
  readonly outbox: {
    /** Orders that are saved in a round, each in a transaction. */
    readonly orders: number;
    /** Rows of the outbox that wait when the sequencer begins. */
    readonly backlog: number;
    /** Records that are handled in a transaction each. */
    readonly singles: number;
  };
  readonly cluster: {
    /** Of replication factor 3, that nothing happens to. */
    readonly idlePartitions: number;
    readonly idleSeconds: number;
  };
}

export const FULL: Sizes = {
  records: 400_000,
  rivalRecords: 100_000,
  rounds: 5,
  rivalRounds: 3,
  largeBatches: 2_000,
  seconds: 20,
  pinnedSeconds: 60,
  idleRepeats: 20,
  depth: 5_000_000,
  group: {
    partitions: 64,
    processes: 4,
    membersPerProcess: 4,
    sessionTimeout: 6_000,
    idleGroups: 1_000,
    idleSeconds: 60,
  },
  outbox: { orders: 5_000, backlog: 200_000, singles: 1_500 },
  cluster: { idlePartitions: 300, idleSeconds: 60 },
};

export const QUICK: Sizes = {
  records: 2_000,
  rivalRecords: 500,
  rounds: 1,
  rivalRounds: 1,
  largeBatches: 8,
  seconds: 0.5,
  pinnedSeconds: 1,
  idleRepeats: 2,
  depth: 5_000,
  group: {
    partitions: 4,
    processes: 2,
    membersPerProcess: 1,
    sessionTimeout: 1_500,
    idleGroups: 4,
    idleSeconds: 1,
  },
  outbox: { orders: 40, backlog: 200, singles: 20 },
  cluster: { idlePartitions: 3, idleSeconds: 1 },
};

/** What every measure is given. */
export interface Bench {
  readonly sizes: Sizes;
  /** The url of a fresh database. */
  database(): Promise<string>;
  /** Progress, for whoever waits. */
  say(text: string): void;
  /** Something was left out, and why. */
  skip(what: string, why: string): void;
  /** What a reader of the table must know. */
  note(text: string): void;
  /** Undone at the end, also after an interruption. */
  onStop(undo: Undo): void;
}

export type Measure = (bench: Bench) => Promise<Line[]>;
