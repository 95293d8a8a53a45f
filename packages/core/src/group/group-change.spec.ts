import { changeBetween } from './group-change.js';
import { decide } from './group-decisions.js';
import { circumstances, NO_GROUP, obey, report, settledGroup } from './group.cases.js';

const alone = settledGroup('a');
const joined = decide(alone, report('b', 0), circumstances()).group;

describe('what a write carries', () => {
  it('is nothing when nothing has changed', () => {
    expect(changeBetween(alone, obey(alone, 'a').group)).toMatchObject({ isEmpty: true });
  });

  it('is the members that changed, and from whom to whom a partition goes', () => {
    const { changedMembers, removedMembers, ownership } = changeBetween(NO_GROUP, alone);
    expect(changedMembers.map(({ memberId }) => memberId)).toEqual(['a']);
    expect(removedMembers).toEqual([]);
    expect(ownership[0]).toEqual({ partitionId: 1, oldOwner: null, newOwner: 'a', newOwnerEpoch: 1 });
    const left = changeBetween(alone, decide(alone, report('a', -1), circumstances()).group);
    expect(left).toMatchObject({ removedMembers: ['a'], changedMembers: [] });
    expect(left.ownership[0]).toEqual({ partitionId: 1, oldOwner: 'a', newOwner: null, newOwnerEpoch: -1 });
  });

  it('leaves out members that others’ steps do not touch', () => {
    const three = settledGroup('a', 'b', 'c');
    const four = decide(three, report('d', 0), circumstances()).group;
    const { changedMembers } = changeBetween(three, four);
    const moved = three.members.filter(({ memberId, target }) => {
      const now = four.members.find((each) => each.memberId === memberId)!;
      return now.target.length !== target.length;
    });
    expect(changedMembers.map(({ memberId }) => memberId)).toEqual([...moved.map(({ memberId }) => memberId), 'd']);
  });

  it('starts the rebalance timeout when something is to be given up, and anew when some of it was', () => {
    const revocationOf = (before: typeof joined, after: typeof joined) =>
      changeBetween(before, after).changedMembers.find(({ memberId }) => memberId === 'a')?.revocation;
    expect(revocationOf(alone, joined)).toBe('begins');
    const half = decide(joined, report('a', 1, [1, 2, 3]), circumstances()).group;
    expect(revocationOf(joined, half)).toBe('begins');
    const renamed = decide(joined, { ...report('a', 1, [1, 2, 3, 4]), clientId: 'other' }, circumstances()).group;
    expect(revocationOf(joined, renamed)).toBe('goes on');
    expect(revocationOf(joined, obey(joined, 'a').group)).toBe('none');
  });
});
