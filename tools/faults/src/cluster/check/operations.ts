import type { Anomaly } from '../../history.js';
import type { Fault, RunHistory } from '../history.js';
import type { SeenMetadata } from '../samples.js';

export interface OperationBounds {
  /** After so long a send has ended, in milliseconds. */
  readonly deliveryTimeoutMs: number;
  /** From a fault to the first new acknowledgement. */
  readonly failoverMs: number;
}

/** For a process that has to be given the processor first, on a machine that runs a whole cluster. */
const SLACK_MS = 1_000;
/** Faults that leave a majority of the cluster in order: publishing goes on (promise P14). */
const COVERED: ReadonlySet<string> = new Set([
  'kill-postgres',
  'kill-broker',
  'kill-machine',
  'stop-postgres',
  'stop-broker',
  'stop-machine',
  'cut-metadata',
  'cut-machine',
]);
/** Those that make the old leader silent at once, so that the next acknowledgement is a new leader's. */
const SILENCING: ReadonlySet<string> = new Set([
  'kill-postgres',
  'kill-machine',
  'stop-postgres',
  'stop-machine',
  'cut-machine',
]);

/** Whether operations end, and go on while one part of the cluster is away. */
export function checkOperations(
  history: RunHistory,
  metadata: readonly SeenMetadata[],
  bounds: OperationBounds,
): Anomaly[] {
  return [...unbounded(history, bounds), ...crashed(history), ...stalled(history, metadata, bounds)];
}

/** A33: a send that did not end in time. */
function unbounded({ sends }: RunHistory, { deliveryTimeoutMs }: OperationBounds): Anomaly[] {
  return sends
    .filter(({ invokedAt, endedAt }) => endedAt - invokedAt > deliveryTimeoutMs + 1_000 + SLACK_MS)
    .map(({ proc, value, key, outcome, invokedAt, endedAt }) => ({
      code: 'A33',
      detail: `${proc} waited ${Math.round(endedAt - invokedAt)} ms for ${value} at ${key} (${outcome})`,
    }));
}

/** A33: a process that ended, or met an error that nobody handled. */
function crashed({ crashes }: RunHistory): Anomaly[] {
  return crashes.map(({ proc, what }) => ({ code: 'A33', detail: `${proc}: ${what}` }));
}

/** A27: partitions that stand still though their leader is well; A28: those whose leader was hit, for longer than allowed. */
function stalled(history: RunHistory, metadata: readonly SeenMetadata[], { failoverMs }: OperationBounds): Anomaly[] {
  return history.faults.flatMap((fault) => {
    const before = metadata.findLast(({ at }) => at <= fault.from);
    if (before === undefined || !COVERED.has(fault.kind) || !isAlone(fault, history.faults, failoverMs)) return [];
    if (before.partitions.some(({ isr, replicas }) => isr.length < replicas.length)) return [];
    return before.partitions.flatMap(({ key, leader }) => {
      if (firstAck(history, key, fault.from, failoverMs) !== undefined) return [];
      const wasHit = leader !== null && fault.brokers.includes(leader);
      const detail = `nothing was acknowledged in ${key} for ${failoverMs} ms after ${fault.kind} of ${fault.what}`;
      return [{ code: wasHit ? 'A28' : 'A27', detail }];
    });
  });
}

/** How long each silenced leader's partitions waited for their first acknowledgement, in milliseconds. */
export function failoverTimes(history: RunHistory, metadata: readonly SeenMetadata[]): number[] {
  return history.faults.flatMap((fault) => {
    const before = metadata.findLast(({ at }) => at <= fault.from);
    if (before === undefined || !SILENCING.has(fault.kind) || !isAlone(fault, history.faults, 3_000)) return [];
    return before.partitions.flatMap(({ key, leader }) => {
      const time = firstAck(history, key, fault.from, 60_000);
      return leader !== null && fault.brokers.includes(leader) && time !== undefined ? [Math.round(time)] : [];
    });
  });
}

function firstAck({ sends }: RunHistory, key: string, from: number, withinMs: number): number | undefined {
  let first = Infinity;
  for (const send of sends) {
    const isNew = send.key === key && send.acks === 'all' && send.outcome === 'ok' && send.invokedAt >= from;
    if (isNew && send.endedAt < first) first = send.endedAt;
  }
  return first - from <= withinMs ? first - from : undefined;
}

function isAlone(fault: Fault, faults: readonly Fault[], forMs: number): boolean {
  return !faults.some((other) => other !== fault && other.from < fault.from + forMs && other.to > fault.from);
}
