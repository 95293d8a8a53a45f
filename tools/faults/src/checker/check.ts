import type { Anomaly, GroupHistory, Handled } from '../history.js';
import { reignsOf, type Reign } from './reigns.js';

/** Database and processes share a clock; this is for the time between reading it and writing it down. */
const TOLERANCE_MS = 20;

/** What a run must not show. Each check is a function of the history alone. */
export function checkGroups(history: GroupHistory): Anomaly[] {
  const reigns = reignsOf(history.audit);
  return [
    ...effectsLost(history),
    ...doubleOwners(history, reigns),
    ...committedTooFar(history, reigns),
    ...commitRegressions(history),
    ...brokenOrder(history, reigns),
    ...unseen(history),
    ...misrouted(history),
    ...starved(history),
    ...storms(history, reigns),
  ];
}

/** A13: a record before the group's committed offset that no handler ever finished. */
function effectsLost({ ends, handled }: GroupHistory): Anomaly[] {
  const finished = new Set(handled.filter(({ endedAt }) => endedAt !== undefined).map(placeOf));
  return ends.flatMap(({ partition, committed }) =>
    range(0, committed)
      .filter((offset) => !finished.has(`${partition}:${offset}`))
      .map((offset) => ({ code: 'A13', detail: `${partition}:${offset} is committed, and nobody finished it` })),
  );
}

/** A16: a handler is called while its process does not own the partition, or somebody commits who is not the owner. */
function doubleOwners({ handled }: GroupHistory, reigns: readonly Reign[]): Anomaly[] {
  const called = handled
    .filter((call) => reignOf(call, reigns) === undefined)
    .map(({ process, partition, offset, beganAt }) => ({
      code: 'A16',
      detail: `${process} began ${partition}:${offset} at ${time(beganAt)} without owning it`,
    }));
  const committed = reigns.flatMap((reign) =>
    reign.commits
      .filter(({ writtenBy }) => writtenBy !== reign.process)
      .map(({ at, offset, writtenBy }) => ({
        code: 'A16',
        detail: `${writtenBy} committed ${reign.partition}:${offset} at ${time(at)}, which ${reign.process} owned`,
      })),
  );
  return [...called, ...committed];
}

/** A17: a commit passes a record that its owner had not finished by then. */
function committedTooFar({ handled }: GroupHistory, reigns: readonly Reign[]): Anomaly[] {
  const finishes = new Map<string, number[]>();
  for (const call of handled) {
    if (call.endedAt === undefined) continue;
    const key = `${call.process}:${placeOf(call)}`;
    finishes.set(key, [...(finishes.get(key) ?? []), call.endedAt]);
  }
  return reigns.flatMap(({ partition, process, from, begins, commits }) =>
    commits.flatMap(({ at, offset, before }) =>
      range(Math.max(begins, before), offset)
        .filter((each) => {
          const times = finishes.get(`${process}:${partition}:${each}`) ?? [];
          return !times.some((ended) => ended >= from - TOLERANCE_MS && ended <= at + TOLERANCE_MS);
        })
        .map((each) => ({
          code: 'A17',
          detail: `${process} committed ${partition}:${offset} at ${time(at)} before it had finished ${each}`,
        })),
    ),
  );
}

/** A18: a committed offset goes back, though nobody asked for that. */
function commitRegressions({ audit }: GroupHistory): Anomaly[] {
  const highest = new Map<number, number>();
  return audit.flatMap(({ partition, committed, at, writtenBy }) => {
    const before = highest.get(partition) ?? 0;
    highest.set(partition, committed ?? 0);
    return (committed ?? 0) >= before
      ? []
      : [{ code: 'A18', detail: `${writtenBy} took ${partition} back from ${before} to ${committed} at ${time(at)}` }];
  });
}

/** A19, A22, A23: in one reign records come one after the other from where it began; by key where keys are handled apart. */
function brokenOrder({ handled, keyedProcesses }: GroupHistory, reigns: readonly Reign[]): Anomaly[] {
  const calls = new Map<Reign, Handled[]>();
  for (const call of handled) {
    const reign = reignOf(call, reigns);
    if (reign !== undefined) calls.set(reign, [...(calls.get(reign) ?? []), call]);
  }
  return [...calls].flatMap(([reign, inReign]) => {
    const name = `${reign.process} in ${reign.partition} from ${time(reign.from)}`;
    if (keyedProcesses.has(reign.process)) return brokenKeys(name, inReign);
    let next = reign.begins;
    return inReign.flatMap(({ offset }) => {
      const expected = next;
      next = offset + 1;
      if (offset === expected) return [];
      return [{ code: offset > expected ? 'A22' : 'A23', detail: `${name} handled ${offset}, not ${expected}` }];
    });
  });
}

function brokenKeys(name: string, calls: readonly Handled[]): Anomaly[] {
  const last = new Map<string, Handled>();
  return calls.flatMap((call) => {
    const before = last.get(call.key);
    last.set(call.key, call);
    if (before === undefined) return [];
    if (call.offset <= before.offset)
      return [{ code: 'A23', detail: `${name} handled ${call.offset} of ${call.key} after ${before.offset}` }];
    if (before.endedAt === undefined || before.endedAt > call.beganAt + TOLERANCE_MS)
      return [{ code: 'A22', detail: `${name} began ${call.offset} of ${call.key} before ${before.offset} had ended` }];
    return [];
  });
}

/** A20: acknowledged, and never handled. */
function unseen({ sent, handled }: GroupHistory): Anomaly[] {
  const seen = new Set(handled.filter(({ endedAt }) => endedAt !== undefined).map(placeOf));
  return sent
    .filter((each) => !seen.has(placeOf(each)))
    .map((each) => ({ code: 'A20', detail: `${placeOf(each)} was acknowledged and never handled` }));
}

/** A21: another value than was sent there. */
function misrouted({ sent, handled }: GroupHistory): Anomaly[] {
  const values = new Map(sent.map((each) => [placeOf(each), each.value]));
  return handled
    .filter((call) => (values.get(placeOf(call)) ?? call.value) !== call.value)
    .map((call) => ({ code: 'A21', detail: `${call.process} saw ${call.value} at ${placeOf(call)}` }));
}

/** A25: after everything was healed, a partition without an owner, or one whose records nobody handles. */
function starved({ ends }: GroupHistory): Anomaly[] {
  return ends
    .filter(({ hasOwner, committed, logEnd }) => !hasOwner || committed < logEnd)
    .map(({ partition, hasOwner, committed, logEnd }) => ({
      code: 'A25',
      detail: `${partition} ${hasOwner ? 'has an owner' : 'has no owner'} and stands at ${committed} of ${logEnd}`,
    }));
}

/** A26: more changes of owner than all partitions once for every fault (a fault takes a member away and brings it back: twice). */
function storms({ faults, ends }: GroupHistory, reigns: readonly Reign[]): Anomaly[] {
  const changes = reigns.length - ends.length;
  const most = (2 * faults.length + 1) * ends.length;
  return changes > most ? [{ code: 'A26', detail: `${changes} changes of owner for ${faults.length} faults` }] : [];
}

/** The reign under which a call began. */
function reignOf(call: Handled, reigns: readonly Reign[]): Reign | undefined {
  return reigns.find(
    ({ partition, process, from, to }) =>
      partition === call.partition &&
      process === call.process &&
      call.beganAt >= from - TOLERANCE_MS &&
      call.beganAt <= to + TOLERANCE_MS,
  );
}

function placeOf({ partition, offset }: { readonly partition: number; readonly offset: number }): string {
  return `${partition}:${offset}`;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, place) => from + place);
}

function time(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}
