import { offset } from '../record/offset.js';
import type { FollowerProgress, NotedFetch } from './follower-progress.js';

/** A follower's fetches under one leader epoch, in order, each with the caught-up time that holds after it (rule B8). */
export interface FollowerProgressCase {
  readonly title: string;
  /** Whether it was in the ISR when the leadership began, at 1000 ms. */
  readonly wasInSync: boolean;
  readonly fetches: readonly (NotedFetch & { readonly caughtUpAt: number | null })[];
}

export const ELECTED_AT = 1_000;

const fetch = (
  now: number,
  fetchOffset: number,
  leaderEnd: number,
  caughtUpAt: number | null,
): FollowerProgressCase['fetches'][number] => ({
  brokerEpoch: 1,
  fetchOffset: offset(fetchOffset),
  leaderEnd: offset(leaderEnd),
  now,
  caughtUpAt,
});

export const FOLLOWER_PROGRESS_CASES: readonly FollowerProgressCase[] = [
  {
    title: 'is caught up now when it stands at the leader’s end',
    wasInSync: false,
    fetches: [fetch(2_000, 7, 7, 2_000)],
  },
  {
    title: 'is caught up as of its previous fetch when it stands where the leader’s end was then',
    wasInSync: false,
    fetches: [fetch(2_000, 0, 10, null), fetch(3_000, 10, 20, 2_000), fetch(4_000, 20, 30, 3_000)],
  },
  {
    title: 'keeps its caught-up time when it does not reach where the leader’s end was',
    wasInSync: false,
    fetches: [
      fetch(2_000, 10, 10, 2_000),
      fetch(3_000, 10, 30, 2_000),
      fetch(4_000, 20, 40, 2_000),
      fetch(5_000, 30, 50, 2_000),
    ],
  },
  {
    title: 'counts as caught up at the election when it was in sync then',
    wasInSync: true,
    fetches: [fetch(2_000, 3, 10, ELECTED_AT), fetch(3_000, 4, 12, ELECTED_AT)],
  },
  {
    title: 'was never caught up when it was not in sync at the election and is behind',
    wasInSync: false,
    fetches: [fetch(2_000, 3, 10, null), fetch(3_000, 4, 12, null)],
  },
  {
    title: 'is caught up now again when it asks at the leader’s end over and over',
    wasInSync: true,
    fetches: [
      fetch(2_000, 5, 5, 2_000),
      fetch(3_000, 5, 5, 3_000),
      fetch(4_000, 5, 8, 3_000),
      fetch(5_000, 7, 9, 3_000),
    ],
  },
];

/** A leader’s memory of a follower is that of its latest registration. */
export const REGISTERED_AGAIN: FollowerProgress = {
  brokerEpoch: 5,
  logEndOffset: offset(7),
  lastFetchEnd: offset(9),
  lastFetchAt: 2_000,
  caughtUpAt: null,
};
