import { offset } from '../record/offset.js';
import { ELECTED_AT, FOLLOWER_PROGRESS_CASES, REGISTERED_AGAIN } from './follower-progress.cases.js';
import { progressAfterFetch, progressAfterLeaving, progressAtElection } from './follower-progress.js';

describe('a follower, by its fetches', () => {
  it.each(FOLLOWER_PROGRESS_CASES)('$title', ({ wasInSync, fetches }) => {
    let progress = progressAtElection(wasInSync, ELECTED_AT);
    for (const { caughtUpAt, ...noted } of fetches) {
      progress = progressAfterFetch(progress, noted);
      expect(progress).toEqual({
        brokerEpoch: noted.brokerEpoch,
        logEndOffset: noted.fetchOffset,
        lastFetchEnd: noted.leaderEnd,
        lastFetchAt: noted.now,
        caughtUpAt,
      });
    }
  });

  it('is not known by a fetch of an earlier registration that comes late', () => {
    const late = { brokerEpoch: 4, fetchOffset: offset(9), leaderEnd: offset(9), now: 3_000 };
    expect(progressAfterFetch(REGISTERED_AGAIN, late)).toBe(REGISTERED_AGAIN);
  });

  it('counts from what it says itself when nothing was known of it', () => {
    const fetch = { brokerEpoch: 1, fetchOffset: offset(2), leaderEnd: offset(9), now: 3_000 };
    expect(progressAfterFetch(undefined, fetch)).toMatchObject({ logEndOffset: 2n, caughtUpAt: null });
  });

  it('that left the ISR is not waited for until it fetches again', () => {
    const gone = progressAfterLeaving(progressAtElection(true, ELECTED_AT));
    expect(gone.caughtUpAt).toBeNull();
    const back = { brokerEpoch: 1, fetchOffset: offset(9), leaderEnd: offset(9), now: 3_000 };
    expect(progressAfterFetch(gone, back).caughtUpAt).toBe(3_000);
  });
});
