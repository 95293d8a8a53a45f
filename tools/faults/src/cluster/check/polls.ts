import type { Anomaly } from '../../history.js';
import type { Poll, RunHistory } from '../history.js';

/** What a reader gets: one record after the other, within a poll and from poll to poll. */
export function checkPolls({ polls }: RunHistory): Anomaly[] {
  return [...polls.flatMap(withinPoll), ...betweenPolls(polls)];
}

/** A22, A23: within one poll something is left out, or comes again. */
function withinPoll({ proc, key, records }: Poll): Anomaly[] {
  return records.slice(1).flatMap(([offset], place) => {
    const expected = records[place]![0] + 1;
    if (offset === expected) return [];
    return [
      {
        code: offset > expected ? 'A22' : 'A23',
        detail: `${proc} got ${key}:${offset} in one poll after ${expected - 1}`,
      },
    ];
  });
}

/** A19: a reader that chose its partitions itself, and never sought, goes on where it was. Members are the business of `group.ts`. */
function betweenPolls(polls: readonly Poll[]): Anomaly[] {
  const next = new Map<string, number>();
  return polls.flatMap(({ proc, key, mode, records }) => {
    const [first] = records[0] ?? [];
    const last = records.at(-1)?.[0];
    if (mode === 'member' || first === undefined || last === undefined) return [];
    const expected = next.get(`${proc} ${key}`) ?? 0;
    next.set(`${proc} ${key}`, last + 1);
    if (first === expected) return [];
    return [{ code: 'A19', detail: `${proc} went on at ${key}:${first}, not at ${expected}` }];
  });
}
