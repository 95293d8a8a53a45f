import type { Anomaly } from '../../history.js';
import type { GroupName } from '../events.js';
import { TOPIC_OF, type AuditEntry, type Effect, type FinalState, type TransactionsHistory } from '../history.js';
import { settledLetters } from './dead-letters.js';

/** Every record that a group is past has one effect, or one dead letter, and that and the offset are of one transaction. */
export function checkEffects({ final }: TransactionsHistory): Anomaly[] {
  return Object.entries(TOPIC_OF).flatMap(([group, topic]) =>
    (final.logs[topic] ?? []).flatMap(({ partition, values }) => {
      const where = { group: group as GroupName, partition };
      const effects = [
        ...final.effects.filter((each) => each.group === group && each.partition === partition),
        ...deadLetters(final, where, values),
      ];
      const offsets = final.audit.filter(
        (each) => each.kind === 'offset' && each.group === group && each.partition === partition,
      );
      return [...once(where, effects, values), ...committedTogether(where, effects, offsets)];
    }),
  );
}

interface Where {
  readonly group: GroupName;
  readonly partition: number;
}

/** In place of an effect; its record is the one that its transaction committed the group past. */
function deadLetters(final: FinalState, { group, partition }: Where, values: readonly string[]): Effect[] {
  return settledLetters(final, group, partition).map(({ offset, xid }) => {
    return { group, partition, offset, value: values[offset] ?? '', xid, process: 'a dead letter' };
  });
}

/** A13: no effect; A14: two; A21: of another value than the log has there. */
function once({ group, partition }: Where, effects: readonly Effect[], values: readonly string[]): Anomaly[] {
  const counts = new Map<number, number>();
  const anomalies: Anomaly[] = [];
  for (const { offset, value, process } of effects) {
    const place = `${group} ${partition}:${offset}`;
    const count = (counts.get(offset) ?? 0) + 1;
    counts.set(offset, count);
    if (count > 1)
      anomalies.push({ code: 'A14', detail: `${place} took effect ${count} times, this time in ${process}` });
    if (value !== values[offset])
      anomalies.push({
        code: 'A21',
        detail: `${place} took effect as ${value}; the log has ${values[offset] ?? 'nothing'}`,
      });
  }
  for (const offset of values.keys()) {
    if (!counts.has(offset))
      anomalies.push({ code: 'A13', detail: `${group} ${partition}:${offset} never took effect` });
  }
  return anomalies;
}

/** A15: an effect whose transaction did not commit the group past it, or a commit past a record without its effect. A18: a commit that goes back. */
function committedTogether(
  { group, partition }: Where,
  effects: readonly Effect[],
  offsets: readonly AuditEntry[],
): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const ranges = new Map<string, { readonly from: number; readonly to: number }>();
  let from = 0;
  for (const { xid, nextOffset, writtenBy } of offsets) {
    const to = nextOffset ?? 0;
    if (to < from)
      anomalies.push({ code: 'A18', detail: `${writtenBy} took ${group} in ${partition} back from ${from} to ${to}` });
    ranges.set(xid, { from, to });
    from = to;
  }
  const byTransaction = new Map<string, Set<number>>();
  for (const { xid, offset, process } of effects) {
    const range = ranges.get(xid);
    if (range === undefined || offset < range.from || offset >= range.to) {
      const detail = `${process} left an effect of ${group} ${partition}:${offset} in transaction ${xid}, which did not commit the group past it`;
      anomalies.push({ code: 'A15', detail });
    }
    byTransaction.set(xid, (byTransaction.get(xid) ?? new Set()).add(offset));
  }
  for (const [xid, { from: first, to }] of ranges) {
    for (let offset = first; offset < to; offset++) {
      if (byTransaction.get(xid)?.has(offset) !== true)
        anomalies.push({
          code: 'A15',
          detail: `transaction ${xid} committed ${group} past ${partition}:${offset} without its effect`,
        });
    }
  }
  return anomalies;
}
