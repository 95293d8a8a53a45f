import type { Commit, Committed, Done, Fault, Poll, RunHistory, Send } from '../history.js';
import type { Sample, SeenBatch, SeenMetadata, SeenNode, SeenPartition, SeenReplica } from '../samples.js';

/** Small histories for specs: one partition `t/0`, led by broker 1 of three unless told otherwise. */
const KEY = 't/0';

export const history = (given: Partial<RunHistory>): RunHistory => ({
  sends: [],
  polls: [],
  done: [],
  commits: [],
  committed: [],
  faults: [],
  crashes: [],
  ...given,
});

/** A record that was acknowledged by all in-sync replicas. */
export const send = (value: string, offset: number | null, given: Partial<Send> = {}): Send => ({
  proc: 'p',
  key: KEY,
  value,
  acks: 'all',
  isIdempotent: true,
  invokedAt: 0,
  outcome: 'ok',
  endedAt: 1,
  offset,
  err: undefined,
  ...given,
});

/** Values from an offset on, one after the other. */
export const poll = (from: number, values: readonly string[], given: Partial<Poll> = {}): Poll => ({
  proc: 'r',
  mode: 'assign',
  key: KEY,
  at: 0,
  records: values.map((value, place): [number, string] => [from + place, value]),
  ...given,
});

export const done = (proc: string, next: number, at: number): Done => ({ proc, key: KEY, next, at });

export const commit = (proc: string, offset: number, at: number, given: Partial<Commit> = {}): Commit => ({
  proc,
  key: KEY,
  offset,
  invokedAt: at,
  outcome: 'ok',
  endedAt: at + 1,
  ...given,
});

export const committed = (offset: number, at: number): Committed => ({
  key: KEY,
  offset,
  invokedAt: at,
  endedAt: at + 1,
});

export const fault = (kind: string, from: number, given: Partial<Fault> = {}): Fault => ({
  fault: 0,
  kind,
  what: 'broker 1',
  brokers: [1],
  from,
  to: from + 5_000,
  ...given,
});

const partition = (given: Partial<SeenPartition> = {}): SeenPartition => ({
  key: KEY,
  partitionId: 7,
  leader: 1,
  leaderEpoch: 1,
  partitionEpoch: 1,
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  isRecovering: false,
  ...given,
});

export const metadata = (at: number, given: Partial<SeenPartition> = {}): SeenMetadata => ({
  at,
  revision: at,
  partitions: [partition(given)],
});

export const batch = (
  baseOffset: number,
  lastOffset: number,
  leaderEpoch = 1,
  digest = `${baseOffset}`,
): SeenBatch => ({
  baseOffset,
  lastOffset,
  leaderEpoch,
  digest,
});

export const node = (brokerId: number, at: number, given: Partial<SeenReplica> = {}): SeenNode => ({
  brokerId,
  askedAt: at,
  at,
  replicas: [
    {
      partitionId: 7,
      role: brokerId === 1 ? 'leader' : 'follower',
      mayLead: brokerId === 1,
      leadUntil: `${at + 2_700}`,
      leadsForMs: 2_700,
      leaderEpoch: 1,
      partitionEpoch: 1,
      isr: [1, 2, 3],
      minIsr: 2,
      logEnd: 10,
      highWatermark: 10,
      epochStart: 0,
      followerEnds: brokerId === 1 ? { 2: 10, 3: 10 } : {},
      batches: [],
      ...given,
    },
  ],
});

/** A round at this time, of metadata that does not change in it. */
export const sample = (at: number, nodes: readonly SeenNode[], given: Partial<SeenPartition> = {}): Sample => ({
  before: metadata(at, given),
  nodes,
  after: metadata(at + 1, given),
});
