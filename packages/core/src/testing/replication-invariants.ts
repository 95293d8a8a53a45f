import { BROKERS, leads, type Model, type ModelBroker } from './replication-model.js';

/** The first invariant of replication that a state breaks, by its name, or undefined. */
export function brokenInvariant(model: Model, before: Model): string | undefined {
  if (model.broken !== undefined) return model.broken;
  for (const [name, holds] of INVARIANTS) if (!holds(model, before)) return name;
  return undefined;
}

type Invariant = (model: Model, before: Model) => boolean;

const INVARIANTS: readonly (readonly [name: string, holds: Invariant])[] = [
  ['R1 LeaderInIsr', ({ metadata: { leader, isr } }) => leader === null || isr.includes(leader)],
  ['R2 SingleLeader', singleLeader],
  [
    'R3 MonotonicEpoch',
    (model, before) => model.brokers.every(({ role }, id) => role.leaderEpoch >= before.brokers[id]!.role.leaderEpoch),
  ],
  ['R4 MonotonicHW', monotonicMark],
  [
    'R5 StrongIsr',
    ({ metadata, brokers, exposed }) => [...metadata.isr, ...metadata.elr].every((id) => holds(brokers[id]!, exposed)),
  ],
  ['R6 LogMatching', logMatching],
  ['R7 ValidHighWatermark', validMark],
  ['R8 EpochStart', ({ brokers }) => brokers.every((broker, id) => epochsFit(broker, leads(broker, id)))],
  ['R11 DenseOffsets', ({ brokers }) => brokers.every(({ log, mark }) => mark <= log.length)],
  [
    'no acknowledged record is lost',
    ({ metadata: { leader }, brokers, exposed }) => leader === null || holds(brokers[leader]!, exposed),
  ],
];

function singleLeader({ brokers }: Model): boolean {
  const epochs = brokers.filter(leads).map(({ role }) => role.leaderEpoch);
  return new Set(epochs).size === epochs.length;
}

/** What was shown once is shown by every leader that reaches so far, and nothing else in its place. */
function monotonicMark({ brokers, exposed }: Model, before: Model): boolean {
  if (exposed.length < before.exposed.length) return false;
  return brokers.every(
    (broker, id) =>
      !leads(broker, id) || broker.log.slice(0, broker.mark).every((record, at) => exposed[at] === record),
  );
}

function holds({ log }: ModelBroker, records: readonly number[]): boolean {
  return records.every((record, at) => log[at] === record);
}

function logMatching({ brokers }: Model): boolean {
  return BROKERS.every((one) =>
    BROKERS.every((other) => {
      const [a, b] = [brokers[one]!.log, brokers[other]!.log];
      let at = Math.min(a.length, b.length) - 1;
      while (at >= 0 && a[at] !== b[at]) at -= 1;
      for (let below = at - 1; below >= 0; below -= 1) if (a[below] !== b[below]) return false;
      return true;
    }),
  );
}

function validMark({ brokers }: Model): boolean {
  return brokers.every((broker, id) => {
    if (!leads(broker, id)) return true;
    const counted = [...broker.role.isr, ...(broker.pendingIsr ?? [])];
    return counted.every((member) => brokers[member]!.log.length >= broker.mark);
  });
}

/** Each epoch of a record begins at its first one; behind the last there may be an epoch without records: a leader's own, or one that it had. */
function epochsFit({ log, epochs, role }: ModelBroker, isLeader: boolean): boolean {
  if (isLeader && epochs.at(-1)?.epoch !== role.leaderEpoch) return false;
  let known = 0;
  for (let at = 0; at < log.length; at += 1) {
    if (at > 0 && log[at] === log[at - 1]) continue;
    const line = epochs[known];
    if (line?.epoch !== log[at] || Number(line?.startOffset) !== at) return false;
    known += 1;
  }
  const rest = epochs.slice(known);
  return (
    rest.length <= 1 &&
    rest.every(({ epoch, startOffset }) => Number(startOffset) === log.length && epoch > (log.at(-1) ?? -1))
  );
}
