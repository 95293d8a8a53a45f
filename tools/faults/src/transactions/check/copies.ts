import type { Anomaly } from '../../history.js';
import type { SentEvent } from '../events.js';
import type { TransactionsHistory } from '../history.js';

/** Each partition of the copy is its original, record by record; what was acknowledged is in the original. */
export function checkCopies({ events, final }: TransactionsHistory): Anomaly[] {
  const originals = final.logs['source'] ?? [];
  const there = new Set(originals.flatMap(({ values }) => values));
  const lost = events
    .filter((event): event is SentEvent => event.f === 'source' && event.type === 'ok' && !there.has(event.value))
    .map(({ value }) => ({ code: 'A1', detail: `${value} was acknowledged and is not in the source` }));
  return [
    ...lost,
    ...originals.flatMap(({ partition, values }) => {
      const copy = final.logs['copies']?.find((each) => each.partition === partition)?.values ?? [];
      return [...twice('source', partition, values), ...compare(partition, values, copy)];
    }),
  ];
}

/** A5. */
function twice(topic: string, partition: number, values: readonly string[]): Anomaly[] {
  const seen = new Set<string>();
  return values.flatMap((value, offset) => {
    const isRepeated = seen.has(value);
    seen.add(value);
    return isRepeated ? [{ code: 'A5', detail: `${value} is in ${topic} again at ${partition}:${offset}` }] : [];
  });
}

/** A1: not copied; A5: copied twice; A9: in another order; A21: nothing that was ever in the original. */
function compare(partition: number, original: readonly string[], copy: readonly string[]): Anomaly[] {
  const copied = new Set(copy);
  const places = new Map(original.map((value, offset) => [value, offset]));
  const lost = original
    .filter((value) => !copied.has(value))
    .map((value) => ({ code: 'A1', detail: `${value} of source ${partition} was not copied` }));
  let last = -1;
  const disorder = copy.flatMap((value, offset) => {
    const place = places.get(value);
    if (place === undefined) return [{ code: 'A21', detail: `copies ${partition}:${offset} has ${value}` }];
    if (place <= last) return [{ code: 'A9', detail: `${value} comes late in copies at ${partition}:${offset}` }];
    last = place;
    return [];
  });
  return [...lost, ...twice('copies', partition, copy), ...disorder];
}
