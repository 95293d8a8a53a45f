import { processOf, type Anomaly } from '../../history.js';
import type { FaultEvent, HandleEvent } from '../events.js';
import type { AuditEntry, TransactionsHistory } from '../history.js';

/** A call that began before its process was stopped for longer than its session, and went on when another process had the partition. */
export interface Zombie {
  readonly process: string;
  readonly group: string;
  readonly partition: number;
  readonly offset: number;
  readonly xid: string;
  readonly hasCommitted: boolean;
}

/** A16: an offset is committed by another than the claim's owner, a claim goes back, or a zombie's transaction commits. */
export function checkClaims(history: TransactionsHistory): Anomaly[] {
  return [
    ...strangers(history.final.audit),
    ...zombiesOf(history)
      .filter(({ hasCommitted }) => hasCommitted)
      .map(({ process, group, partition, offset, xid }) => ({
        code: 'A16',
        detail: `${process} committed ${group} ${partition}:${offset} in transaction ${xid} after another had taken over`,
      })),
  ];
}

function strangers(audit: readonly AuditEntry[]): Anomaly[] {
  const epochs = new Map<string, number>();
  return audit.flatMap(({ kind, group, partition, claimEpoch, memberId, writtenBy }) => {
    const claim = `${group} ${partition}`;
    const before = epochs.get(claim) ?? 0;
    epochs.set(claim, claimEpoch);
    if (claimEpoch < before)
      return [{ code: 'A16', detail: `the claim of ${claim} went back from epoch ${before} to ${claimEpoch}` }];
    if (kind === 'offset' && processOf(memberId) !== writtenBy)
      return [{ code: 'A16', detail: `${writtenBy} committed ${claim}, which ${memberId} had claimed` }];
    return [];
  });
}

export function zombiesOf({ events, final, sessionTimeoutMs }: TransactionsHistory): Zombie[] {
  const stalls = events.filter(
    (event): event is FaultEvent =>
      event.f === 'fault' && event.kind === 'stall-app' && event.until - event.at > sessionTimeoutMs,
  );
  const calls = events.filter((event): event is HandleEvent => event.f === 'handle');
  const ends = new Map(
    calls.filter(({ type }) => type === 'end').map((call) => [`${call.proc} ${call.call}`, call.at]),
  );
  const committed = new Set(final.audit.filter(({ kind }) => kind === 'offset').map(({ xid }) => xid));
  return stalls.flatMap(({ proc, at, until }) =>
    calls
      .filter((call) => {
        if (call.type !== 'begin' || call.proc !== proc || call.at >= at) return false;
        const end = ends.get(`${proc} ${call.call}`) ?? -1;
        return end >= until && calls.some((other) => isTakenOver(call, other, at, until));
      })
      .map(({ group, partition, offset, xid }) => {
        return { process: proc, group, partition, offset, xid, hasCommitted: committed.has(xid) };
      }),
  );
}

function isTakenOver(call: HandleEvent, other: HandleEvent, from: number, to: number): boolean {
  return (
    other.type === 'begin' &&
    other.proc !== call.proc &&
    other.group === call.group &&
    other.partition === call.partition &&
    other.at > from &&
    other.at < to
  );
}
