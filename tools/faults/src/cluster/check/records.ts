import type { Anomaly } from '../../history.js';
import type { RunHistory, Send } from '../history.js';

/**
 * What became of records: lost, doubled, moved, out of order, seen though refused.
 *
 * Offsets are dense (that is R11), so an offset is its own place in the version order. What only the leader acknowledged may be lost with it, and its
 * offset be given again, as long as nobody has read it.
 */
export function checkRecords(history: RunHistory, readsAreComplete: (key: string) => boolean): Anomaly[] {
  const seen = seenIn(history);
  return [
    ...lost(history, seen, readsAreComplete),
    ...inconsistentOffsets(history),
    ...duplicates(history, seen),
    ...abortedReads(history, seen),
    ...outOfOrder(history, seen),
    ...strangers(history),
  ];
}

interface Seen {
  /** Offsets at which a value was read, ascending, by key and value. */
  readonly offsets: ReadonlyMap<string, readonly number[]>;
  /** The largest offset that was read of a key. */
  readonly highest: ReadonlyMap<string, number>;
}

const nameOf = (key: string, value: string) => `${key} ${value}`;

function seenIn({ polls }: RunHistory): Seen {
  const offsets = new Map<string, number[]>();
  const highest = new Map<string, number>();
  for (const { key, records } of polls) {
    for (const [offset, value] of records) {
      const known = offsets.get(nameOf(key, value));
      if (known === undefined) offsets.set(nameOf(key, value), [offset]);
      else if (!known.includes(offset)) known.push(offset);
      if (offset > (highest.get(key) ?? -1)) highest.set(key, offset);
    }
  }
  for (const each of offsets.values()) each.sort((one, other) => one - other);
  return { offsets, highest };
}

const isSafe = ({ outcome, acks }: Send) => outcome === 'ok' && acks === 'all';

/** A1: others read past it; A2: nothing was read from there on, to the end; A20: reading did not come that far. */
function lost({ sends }: RunHistory, seen: Seen, readsAreComplete: (key: string) => boolean): Anomaly[] {
  return sends
    .filter((send) => isSafe(send) && !seen.offsets.has(nameOf(send.key, send.value)))
    .map((send) => {
      const where = `${send.value} was acknowledged at ${send.key}:${send.offset}`;
      if ((seen.highest.get(send.key) ?? -1) >= (send.offset ?? Infinity))
        return { code: 'A1', detail: `${where} and is lost (${placeAmong(send, sends, seen)} of ${send.proc})` };
      return readsAreComplete(send.key)
        ? { code: 'A2', detail: `${where}; the log ends before it (${placeAmong(send, sends, seen)} of ${send.proc})` }
        : { code: 'A20', detail: `${where}; nobody had read it at the end` };
    });
}

/** Which part of what one process had acknowledged is lost: the middle is the gravest. */
function placeAmong(send: Send, sends: readonly Send[], seen: Seen): 'prefix' | 'middle' | 'suffix' {
  const others = sends.filter((each) => each.proc === send.proc && each.key === send.key && isSafe(each));
  const place = others.indexOf(send);
  const isKept = (each: Send) => seen.offsets.has(nameOf(each.key, each.value));
  if (!others.slice(0, place).some(isKept)) return 'prefix';
  return others.slice(place).some(isKept) ? 'middle' : 'suffix';
}

/** A3: two values at one offset. */
function inconsistentOffsets({ sends, polls }: RunHistory): Anomaly[] {
  const values = new Map<string, string>();
  const anomalies: Anomaly[] = [];
  const look = (key: string, offset: number, value: string) => {
    const place = `${key}:${offset}`;
    const known = values.get(place);
    if (known === undefined) values.set(place, value);
    else if (known !== value) anomalies.push({ code: 'A3', detail: `${place} was ${known} and ${value}` });
  };
  for (const { key, records } of polls) for (const [offset, value] of records) look(key, offset, value);
  for (const send of sends) {
    // A repeat of a batch that is known no more is answered without its offset.
    if (isSafe(send) && send.offset !== null && send.offset >= 0) look(send.key, send.offset, send.value);
  }
  return anomalies;
}

/** A5: one value at two offsets, though its producer numbers its batches. */
function duplicates({ sends }: RunHistory, seen: Seen): Anomaly[] {
  return sends.flatMap(({ key, value, isIdempotent }) => {
    const offsets = seen.offsets.get(nameOf(key, value)) ?? [];
    if (offsets.length < 2 || !isIdempotent) return [];
    return [{ code: 'A5', detail: `${value} is at ${offsets.map((offset) => `${key}:${offset}`).join(' and ')}` }];
  });
}

/** How many values of producers without numbers were stored twice: allowed, and worth telling. */
export function harmlessDuplicates(history: RunHistory): number {
  const seen = seenIn(history);
  return history.sends.filter(
    ({ key, value, isIdempotent }) => !isIdempotent && (seen.offsets.get(nameOf(key, value))?.length ?? 0) > 1,
  ).length;
}

/** A6: said to have failed for certain, and read all the same. */
function abortedReads({ sends }: RunHistory, seen: Seen): Anomaly[] {
  return sends
    .filter(({ outcome, key, value }) => outcome === 'fail' && seen.offsets.has(nameOf(key, value)))
    .map(({ key, value, err }) => ({
      code: 'A6',
      detail: `${value} failed for certain (${err}), and is at ${key}:${seen.offsets.get(nameOf(key, value))![0]}`,
    }));
}

/** A9: of two records that one producer sent to one partition, the later one comes first. */
function outOfOrder({ sends }: RunHistory, seen: Seen): Anomaly[] {
  const last = new Map<string, { readonly value: string; readonly offset: number }>();
  return sends.flatMap(({ proc, key, value, isIdempotent }) => {
    const [offset] = seen.offsets.get(nameOf(key, value)) ?? [];
    if (offset === undefined || !isIdempotent) return [];
    const before = last.get(`${proc} ${key}`);
    last.set(`${proc} ${key}`, { value, offset });
    if (before === undefined || before.offset < offset) return [];
    return [
      {
        code: 'A9',
        detail: `${proc} sent ${before.value} first; it is at ${key}:${before.offset}, ${value} at ${offset}`,
      },
    ];
  });
}

/** A21: read from a partition that it was not sent to, or sent by nobody. */
function strangers({ sends, polls }: RunHistory): Anomaly[] {
  const keys = new Map(sends.map(({ value, key }) => [value, key]));
  const reported = new Set<string>();
  return polls.flatMap(({ key, records, proc }) =>
    records.flatMap(([offset, value]) => {
      const sentTo = keys.get(value);
      if (sentTo === key || reported.has(`${key}:${offset}`)) return [];
      reported.add(`${key}:${offset}`);
      const origin = sentTo === undefined ? 'that nobody sent' : `that was sent to ${sentTo}`;
      return [{ code: 'A21', detail: `${proc} read ${value} at ${key}:${offset}, ${origin}` }];
    }),
  );
}
