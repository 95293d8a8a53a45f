import type { Anomaly } from '../../history.js';
import type { AuditEntry, DeadLetterRecord, FinalState, TransactionsHistory } from '../history.js';
import { ATTEMPTS, parseJob } from '../jobs.js';

/** A transaction of a handler that wrote a dead letter, and the record that it committed the group past. */
export interface SettledLetter {
  readonly partition: number;
  readonly offset: number;
  readonly xid: string;
}

const GROUP = 'triers';

/** The dead letters that went with an offset, of a group in a partition. */
export function settledLetters({ letters, audit }: FinalState, group: string, partition: number): SettledLetter[] {
  const places = new Map<string, number>();
  let from = 0;
  for (const entry of audit.filter((each) => isOffsetOf(each, group, partition))) {
    places.set(entry.xid, from);
    from = entry.nextOffset ?? 0;
  }
  return letters
    .filter((letter) => letter.group === group && letter.partition === partition && places.has(letter.xid))
    .map(({ xid }) => ({ partition, offset: places.get(xid)!, xid }));
}

/**
 * What is in the topic of dead letters is what transactions wrote with their offsets. A15: one was written without an offset. A6: one is there that no
 * such transaction wrote; A1: one is not there; A5: one is there twice; A9: they are not in the order of their records; A21: it is another
 * record than the one at its place; RETRY: its handler would have succeeded in one of its attempts.
 */
export function checkDeadLetters({ final }: TransactionsHistory): Anomaly[] {
  return (final.logs['jobs'] ?? []).flatMap(({ partition, values }) => {
    const settled = settledLetters(final, GROUP, partition);
    const found = (final.deadLetters[GROUP] ?? []).filter(({ at }) => at.partition === partition);
    const committed = new Set(settled.map(({ xid }) => xid));
    const apart = final.letters
      .filter((each) => each.group === GROUP && each.partition === partition && !committed.has(each.xid))
      .map(({ xid }) => ({
        code: 'A15',
        detail: `transaction ${xid} wrote a dead letter of ${partition} and committed the group past no record`,
      }));
    return [...apart, ...compare(new Set(settled.map(({ offset }) => offset)), found), ...contents(found, values)];
  });
}

function compare(written: ReadonlySet<number>, found: readonly DeadLetterRecord[]): Anomaly[] {
  const seen = new Set<number>();
  let last = -1;
  const anomalies = found.flatMap(({ partition, offset, at }) => {
    const place = `the dead letter of jobs ${partition}:${offset} at ${at.offset}`;
    if (seen.has(offset)) return [{ code: 'A5', detail: `${place} is there already` }];
    seen.add(offset);
    if (!written.has(offset)) return [{ code: 'A6', detail: `${place} was written by no transaction that committed` }];
    if (offset < last) return [{ code: 'A9', detail: `${place} comes after that of ${last}` }];
    last = offset;
    return [];
  });
  for (const offset of written) {
    if (!seen.has(offset)) anomalies.push({ code: 'A1', detail: `the dead letter of offset ${offset} is not there` });
  }
  return anomalies;
}

function contents(found: readonly DeadLetterRecord[], values: readonly string[]): Anomaly[] {
  return found.flatMap(({ at, partition, offset, value, errorMessage }) => {
    const place = `the dead letter of jobs ${partition}:${offset}`;
    if (partition !== at.partition || value !== values[offset])
      return [{ code: 'A21', detail: `${place} has ${value}; the log has ${values[offset] ?? 'nothing'}` }];
    const { id, failures } = parseJob(value);
    return errorMessage.endsWith(id) && failures < ATTEMPTS
      ? [{ code: 'RETRY', detail: `${place} has failed fewer than ${ATTEMPTS} times when it was given up` }]
      : [];
  });
}

function isOffsetOf({ kind, group, partition }: AuditEntry, ofGroup: string, inPartition: number): boolean {
  return kind === 'offset' && group === ofGroup && partition === inPartition;
}
