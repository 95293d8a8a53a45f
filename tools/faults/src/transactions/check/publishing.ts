import type { Anomaly } from '../../history.js';
import type { PublishEvent, Publishing } from '../events.js';
import { parseValue, senderOf, type LogPartition, type TransactionsHistory } from '../history.js';

const WORKLOADS: readonly Publishing[] = ['orders', 'transfers'];

/** A row is there if and only if its records are, each once, in the order in which they were published. */
export function checkPublishing(history: TransactionsHistory): Anomaly[] {
  return WORKLOADS.flatMap((workload) => {
    const log = history.final.logs[workload] ?? [];
    return [
      ...rowsAndRecords(history, workload, log),
      ...outcomes(history, workload),
      ...log.flatMap((partition) => brokenOrder(workload, partition)),
      ...log.flatMap((partition) => overtaken(history, workload, partition)),
    ];
  });
}

/** A1, A11: a row without its records, or without some of them; A5: a record twice; A6: a record without its row. */
function rowsAndRecords({ final }: TransactionsHistory, workload: Publishing, log: readonly LogPartition[]): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const rows = new Map(final.published.filter((row) => row.workload === workload).map((row) => [row.id, row]));
  const found = new Map<string, Set<number>>();
  for (const { partition, values } of log) {
    for (const [offset, value] of values.entries()) {
      const { id, number } = parseValue(value);
      const numbers = found.get(id) ?? new Set();
      found.set(id, numbers);
      const place = `${value} at ${workload} ${partition}:${offset}`;
      if (numbers.has(number)) anomalies.push({ code: 'A5', detail: `${place} is in the log already` });
      numbers.add(number);
      const row = rows.get(id);
      if (row === undefined || number >= row.records)
        anomalies.push({ code: 'A6', detail: `${place} was rolled back` });
    }
  }
  for (const { id, records } of rows.values()) {
    const count = found.get(id)?.size ?? 0;
    if (count === 0)
      anomalies.push({ code: 'A1', detail: `${id} has its row in ${workload}, and none of its records` });
    else if (count < records)
      anomalies.push({ code: 'A11', detail: `${id} of ${workload} has ${count} of its ${records} records` });
  }
  return anomalies;
}

/** A1: a transaction that was told to have committed left no row; A6: one that was rolled back did. */
function outcomes({ events, final }: TransactionsHistory, workload: Publishing): Anomaly[] {
  const rows = new Set(final.published.filter((row) => row.workload === workload).map(({ id }) => id));
  return publishEvents(events, workload).flatMap(({ type, id }) => {
    if (type === 'ok' && !rows.has(id))
      return [{ code: 'A1', detail: `${id} of ${workload} committed, and has no row` }];
    if (type === 'fail' && rows.has(id))
      return [{ code: 'A6', detail: `${id} of ${workload} was rolled back, and has a row` }];
    return [];
  });
}

/** A9: records of one sender are not in the order of its transactions; A10: those of one transaction do not stand together. */
function brokenOrder(workload: Publishing, { partition, values }: LogPartition): Anomaly[] {
  const last = new Map<string, { readonly transaction: number; readonly number: number; readonly offset: number }>();
  return values.flatMap((value, offset) => {
    const { id, number } = parseValue(value);
    const { sender, number: transaction } = senderOf(id);
    const before = last.get(sender);
    last.set(sender, { transaction, number, offset });
    if (before === undefined || transaction > before.transaction) return [];
    const place = `${value} at ${workload} ${partition}:${offset}`;
    if (transaction < before.transaction || number <= before.number)
      return [{ code: 'A9', detail: `${place} comes after ${sender}:${before.transaction}/${before.number}` }];
    return offset === before.offset + 1
      ? []
      : [{ code: 'A10', detail: `${place} stands apart from the rest of its transaction at ${before.offset}` }];
  });
}

/** A12: what had committed before another transaction sent its last record comes after it. */
function overtaken({ events }: TransactionsHistory, workload: Publishing, log: LogPartition): Anomaly[] {
  const lastSends = new Map<string, number>();
  const commits = new Map<string, number>();
  for (const { type, id, at } of publishEvents(events, workload)) {
    if (type === 'begin') lastSends.set(id, at);
    if (type === 'ok') commits.set(id, at);
  }
  const anomalies: Anomaly[] = [];
  let earliest = { id: '', at: Infinity };
  for (const value of [...log.values].reverse()) {
    const { id } = parseValue(value);
    if (earliest.id !== id && earliest.at < (lastSends.get(id) ?? -Infinity))
      anomalies.push({
        code: 'A12',
        detail: `${earliest.id} had committed before ${id} sent its last record, and comes after it in ${workload} ${log.partition}`,
      });
    const at = commits.get(id) ?? Infinity;
    if (at < earliest.at) earliest = { id, at };
  }
  return anomalies;
}

function publishEvents(events: TransactionsHistory['events'], workload: Publishing): PublishEvent[] {
  return events.filter((event): event is PublishEvent => event.f === 'publish' && event.workload === workload);
}
