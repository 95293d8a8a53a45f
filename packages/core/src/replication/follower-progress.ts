import type { Offset } from '../record/offset.js';

/** What a leader keeps of one follower, under one leader epoch. Times are milliseconds of one clock. */
export interface FollowerProgress {
  /** Of its registration; a fetch of an earlier one no longer counts. -1: it has not fetched yet. */
  readonly brokerEpoch: number;
  /** Its fetch offset: it holds everything before it (rule B6). Null: it has not fetched yet. */
  readonly logEndOffset: Offset | null;
  /** The leader's log end when it last fetched. */
  readonly lastFetchEnd: Offset | null;
  readonly lastFetchAt: number | null;
  /** Null: never under this leader epoch. */
  readonly caughtUpAt: number | null;
}

export interface NotedFetch {
  readonly brokerEpoch: number;
  readonly fetchOffset: Offset;
  /** The leader's log end now. */
  readonly leaderEnd: Offset;
  readonly now: number;
}

/**
 * A follower's progress after a fetch that did not diverge (rule B8).
 *
 * It is caught up now when it stands at the leader's end; when it stands at least where the leader's end was at its
 * previous fetch, it was caught up then: so a follower under constant load counts, although it is always a little behind.
 */
export function progressAfterFetch(before: FollowerProgress | undefined, fetch: NotedFetch): FollowerProgress {
  if (before !== undefined && fetch.brokerEpoch < before.brokerEpoch) return before;
  return {
    brokerEpoch: fetch.brokerEpoch,
    logEndOffset: fetch.fetchOffset,
    lastFetchEnd: fetch.leaderEnd,
    lastFetchAt: fetch.now,
    caughtUpAt: caughtUpAt(before, fetch),
  };
}

function caughtUpAt(before: FollowerProgress | undefined, { fetchOffset, leaderEnd, now }: NotedFetch): number | null {
  if (fetchOffset >= leaderEnd) return now;
  if (before === undefined) return null;
  const { lastFetchEnd, lastFetchAt } = before;
  if (lastFetchEnd === null || lastFetchAt === null || fetchOffset < lastFetchEnd) return before.caughtUpAt;
  return before.caughtUpAt === null ? lastFetchAt : Math.max(before.caughtUpAt, lastFetchAt);
}

/** When a leadership begins, members of the ISR count as caught up now, others as never (rule C19). */
export function progressAtElection(isInSync: boolean, now: number): FollowerProgress {
  return {
    brokerEpoch: -1,
    logEndOffset: null,
    lastFetchEnd: null,
    lastFetchAt: null,
    caughtUpAt: isInSync ? now : null,
  };
}

/**
 * When a follower has left the ISR it counts as never caught up, until it fetches again: it may be dead, and the high
 * watermark must not wait for it any longer (rule B13 is for those that are on their way in).
 */
export function progressAfterLeaving(before: FollowerProgress): FollowerProgress {
  return { ...before, lastFetchEnd: null, lastFetchAt: null, caughtUpAt: null };
}
