import { offset } from '../record/offset.js';
import { LeftBehind } from './left-behind.js';

const held = { partitionId: 1, ownerEpoch: 5, resolvedOffset: offset(30), leaderEpoch: 2 };
const assigned = { partitionId: 1, ownerEpoch: 5, committedOffset: offset(10), leaderEpoch: 1 };
const committed = { offset: 10n, leaderEpoch: 1 };

describe('a partition that a member had dropped', () => {
  it.each<[string, Partial<typeof held> | undefined, Partial<Parameters<LeftBehind['take']>[0]>, unknown]>([
    ['goes on where its handlers were, under the same owner epoch', {}, {}, { offset: 30n, leaderEpoch: 2 }],
    ['does so also when nothing was ever committed', {}, { committedOffset: null }, { offset: 30n, leaderEpoch: 2 }],
    [
      'goes on from the commit under a later owner epoch: somebody else may have handled it',
      {},
      { ownerEpoch: 6 },
      committed,
    ],
    ['goes on from the commit when that is further', { resolvedOffset: offset(9) }, {}, committed],
    ['goes on from the commit when it was never held', undefined, {}, committed],
    ['goes on from the commit when another one was held', { partitionId: 2 }, {}, committed],
    ['has nowhere to go on from when nothing is known', undefined, { committedOffset: null }, null],
  ])('%s', (_what, before, now, from) => {
    const left = new LeftBehind();
    if (before !== undefined) left.add({ ...held, ...before });
    expect(left.take({ ...assigned, ...now })).toEqual(from);
  });

  it('does so once', () => {
    const left = new LeftBehind();
    left.add(held);
    left.take(assigned);
    expect(left.take(assigned)).toEqual(committed);
  });
});
