import { offset } from '../record/offset.js';
import { goOnAt, LeftBehind, type Held } from './left-behind.js';

const held = (given: Partial<Held> = {}): Held => ({
  partitionId: 1,
  ownerEpoch: 5,
  resolvedOffset: offset(30),
  leaderEpoch: 2,
  committedOffset: offset(20),
  before: undefined,
  ...given,
});
const assigned = { partitionId: 1, ownerEpoch: 5 };

describe('a partition that a member had dropped', () => {
  it.each<[string, Partial<Held>, string, boolean]>([
    ['is known under the same owner epoch', {}, 'm', true],
    ['is unknown under another one: somebody else may have handled it', { ownerEpoch: 4 }, 'm', false],
    ['is unknown to another member: the group may have been deleted meanwhile', {}, 'n', false],
    ['is unknown when it is another partition', { partitionId: 2 }, 'm', false],
  ])('%s', (_what, before, memberId, isKnown) => {
    const left = new LeftBehind();
    const partition = held(before);
    left.add(memberId, partition);
    expect(left.take('m', assigned)).toBe(isKnown ? partition : undefined);
    expect(left.take('m', assigned)).toBeUndefined();
  });

  it('is known as it was before an earlier drop, while no call has begun since', () => {
    const left = new LeftBehind();
    const before = held();
    left.add('m', held({ before }));
    expect(left.take('m', assigned)).toBe(before);
  });
});

describe('where an owner goes on', () => {
  const told = { resolvedOffset: offset(10), leaderEpoch: 1, committedOffset: offset(10) };
  const unknown = { resolvedOffset: null, leaderEpoch: -1, committedOffset: null };
  it.each<[string, typeof told | typeof unknown, Held | undefined, unknown]>([
    ['is where the group does', told, undefined, { offset: 10n, leaderEpoch: 1 }],
    ['is where its handlers were', told, held(), { offset: 30n, leaderEpoch: 2 }],
    ['is where they were also when nothing was ever committed', unknown, held(), { offset: 30n, leaderEpoch: 2 }],
    [
      'is where the group does when that is further',
      told,
      held({ resolvedOffset: offset(9), committedOffset: null }),
      { offset: 10n, leaderEpoch: 1 },
    ],
    [
      'is what it committed, when that is further',
      told,
      held({ committedOffset: offset(40) }),
      { offset: 40n, leaderEpoch: -1 },
    ],
    [
      'is what it committed since, when that is further',
      { ...told, committedOffset: offset(41) },
      held(),
      { offset: 41n, leaderEpoch: -1 },
    ],
    ['is unknown when nothing is known', unknown, undefined, null],
  ])('%s', (_what, now, before, place) => {
    expect(goOnAt(now, before)).toEqual(place);
  });
});
