import type { Anomaly } from '../../history.js';
import type { Commit, Done, Poll, RunHistory } from '../history.js';

/** Processes share a clock; this is for the time between doing a thing and writing it down. */
const TOLERANCE_MS = 20;

/** What a group promises: one owner at a time, and offsets that are neither ahead of what was handled nor taken back. */
export function checkGroup(history: RunHistory): Anomaly[] {
  const keys = new Set(history.polls.filter(({ mode }) => mode === 'member').map(({ key }) => key));
  return [...keys].flatMap((key) => {
    const polls = history.polls.filter((poll) => poll.key === key && poll.mode === 'member' && poll.records.length > 0);
    const done = history.done.filter((each) => each.key === key);
    const commits = history.commits.filter((each) => each.key === key);
    const starts = startsOf(polls);
    return [
      ...doubleOwners(polls, commits),
      ...committedTooFar(history, { key, starts, done }),
      ...regressions(history, { key, starts, commits }),
      ...unfoundedStarts(starts, commits),
    ];
  });
}

/** A poll with which a process goes on elsewhere than where it was: it has the partition anew, from the group's offset on. */
interface Start {
  readonly proc: string;
  readonly key: string;
  readonly at: number;
  readonly offset: number;
}

function startsOf(polls: readonly Poll[]): Start[] {
  const next = new Map<string, number>();
  return polls.flatMap(({ proc, key, at, records }) => {
    const offset = records[0]![0];
    const expected = next.get(proc);
    next.set(proc, records.at(-1)![0] + 1);
    return offset === expected ? [] : [{ proc, key, at, offset }];
  });
}

/**
 * A16: while a process went on where it was, another one was given records, or its commit was accepted. A process that loses a partition and gets it
 * back goes on at the group's offset, which the other one's commit has moved; so who goes on without a gap has owned it all the time.
 */
function doubleOwners(polls: readonly Poll[], commits: readonly Commit[]): Anomaly[] {
  const last = new Map<string, Poll>();
  return polls.flatMap((poll) => {
    const before = last.get(poll.proc);
    last.set(poll.proc, poll);
    if (before === undefined || before.records.at(-1)![0] + 1 !== poll.records[0]![0]) return [];
    const isBetween = (from: number, to: number) => from > before.at + TOLERANCE_MS && to < poll.at - TOLERANCE_MS;
    const others = commits.filter(
      (commit) => commit.proc !== poll.proc && commit.outcome === 'ok' && isBetween(commit.invokedAt, commit.endedAt),
    );
    // An owner in between that left off at exactly this offset.
    if (others.some(({ offset }) => offset === poll.records[0]![0])) return [];
    return others.map(({ proc, offset, key }) => ({
      code: 'A16',
      detail: `${proc} committed ${key}:${offset} while ${poll.proc} owned it (${before.records.at(-1)![0]} to ${poll.records[0]![0]})`,
    }));
  });
}

/** A17: the group is said to be, or goes on, past a record that no member had finished. */
function committedTooFar(
  { committed }: RunHistory,
  { key, starts, done }: { readonly key: string; readonly starts: readonly Start[]; readonly done: readonly Done[] },
): Anomaly[] {
  const finishedBy = (at: number) => {
    let highest = 0;
    for (const each of done) if (each.at <= at + TOLERANCE_MS && each.next > highest) highest = each.next;
    return highest;
  };
  const claims = [
    ...starts.map(({ proc, at, offset }) => ({ who: `${proc} began at`, at, offset })),
    ...committed
      .filter((each) => each.key === key)
      .map(({ endedAt, offset }) => ({ who: 'the group was said to be at', at: endedAt, offset })),
  ];
  return claims
    .filter(({ at, offset }) => offset > finishedBy(at))
    .map(({ who, at, offset }) => ({
      code: 'A17',
      detail: `${who} ${key}:${offset} when members had finished what comes before ${finishedBy(at)}`,
    }));
}

/** A18: what was committed, and acknowledged, is less afterwards: for who begins, or for who asks. */
function regressions(
  { committed }: RunHistory,
  {
    key,
    starts,
    commits,
  }: { readonly key: string; readonly starts: readonly Start[]; readonly commits: readonly Commit[] },
): Anomaly[] {
  const answers = committed.filter((each) => each.key === key);
  const known = [
    ...commits
      .filter(({ outcome }) => outcome === 'ok')
      .map(({ proc, offset, endedAt }) => ({ knownTo: proc, offset, at: endedAt })),
    ...answers.map(({ offset, endedAt }) => ({ knownTo: undefined, offset, at: endedAt })),
  ];
  const looks = [
    ...starts.map(({ proc, at, offset }) => ({ who: `${proc} began at`, by: proc, at, offset })),
    ...answers.map(({ invokedAt, offset }) => ({
      who: 'the group was said to be at',
      by: null,
      at: invokedAt,
      offset,
    })),
  ];
  return looks.flatMap(({ who, by, at, offset }) => {
    // What a process did itself it writes down in order.
    const earlier = known.filter((each) => each.at < at - (each.knownTo === by ? 0 : TOLERANCE_MS));
    const highest = earlier.reduce((most, each) => Math.max(most, each.offset), 0);
    return offset >= highest ? [] : [{ code: 'A18', detail: `${who} ${key}:${offset} after ${highest} was committed` }];
  });
}

/** A19: a member begins where nobody has committed. */
function unfoundedStarts(starts: readonly Start[], commits: readonly Commit[]): Anomaly[] {
  return starts
    .filter(({ offset, at }) => offset > 0 && !commits.some((each) => each.offset === offset && each.invokedAt < at))
    .map(({ proc, key, offset }) => ({
      code: 'A19',
      detail: `${proc} began at ${key}:${offset}, which nobody committed`,
    }));
}
