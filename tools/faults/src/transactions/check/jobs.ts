import type { Anomaly } from '../../history.js';
import type { SentEvent } from '../events.js';
import type { LogPartition, TransactionsHistory } from '../history.js';
import { parseJob } from '../jobs.js';

/** The jobs themselves. A1: one was acknowledged and is not there; A5: one is there twice; A9: those of a key are in another order than they were sent. */
export function checkJobs({ events, final }: TransactionsHistory): Anomaly[] {
  const log = final.logs['jobs'] ?? [];
  const there = new Set(log.flatMap(({ values }) => values));
  const lost = events
    .filter((event): event is SentEvent => event.f === 'jobs' && event.type === 'ok' && !there.has(event.value))
    .map(({ value }) => ({ code: 'A1', detail: `${value} was acknowledged and is not in jobs` }));
  return [...lost, ...log.flatMap(repeatedOrLate)];
}

function repeatedOrLate({ partition, values }: LogPartition): Anomaly[] {
  const seen = new Set<string>();
  const last = new Map<string, number>();
  return values.flatMap((value, offset) => {
    const place = `${value} at jobs ${partition}:${offset}`;
    if (seen.has(value)) return [{ code: 'A5', detail: `${place} is in the log already` }];
    seen.add(value);
    const { id, key } = parseJob(value);
    const number = Number(id.split(':')[1]);
    const before = key === null ? undefined : last.get(key);
    if (key !== null) last.set(key, number);
    return before !== undefined && before > number ? [{ code: 'A9', detail: `${place} comes after ${before}` }] : [];
  });
}
