import type { GroupState, MemberState } from './group.js';
import { settledGroup, NO_GROUP, report, circumstances, obey, idsOf } from './group.cases.js';
import { decide } from './group-decisions.js';
import { GROUP_TRANSITIONS, groupState, memberOf, memberState, partitionsToRevoke } from './group-state.js';

const members = (...epochs: readonly number[]) => epochs.map((memberEpoch) => ({ memberEpoch }));

describe('the state of a group', () => {
  it.each<[GroupState, string, Parameters<typeof groupState>[0]]>([
    ['Dead', 'does not exist', undefined],
    ['Empty', 'has no members', { groupEpoch: 3, assignmentEpoch: 2, members: [] }],
    ['Assigning', 'has a newer epoch than its targets', { groupEpoch: 3, assignmentEpoch: 2, members: members(2) }],
    ['Reconciling', 'has a member behind', { groupEpoch: 3, assignmentEpoch: 3, members: members(3, 2) }],
    ['Stable', 'has all members at its epoch', { groupEpoch: 3, assignmentEpoch: 3, members: members(3, 3) }],
  ])('is %s when it %s', (state, _why, group) => {
    expect(groupState(group)).toBe(state);
  });

  it('lets only an empty group be deleted', () => {
    const deletable = Object.entries(GROUP_TRANSITIONS).filter(([, row]) => row.deleted !== null);
    expect(deletable.map(([state]) => state)).toEqual(['Empty']);
  });
});

describe('the state of a member', () => {
  const stable = settledGroup('a');
  const joined = decide(stable, report('b', 0), circumstances()).group;
  const released = obey(joined, 'a').group;
  const stateOf = (group: typeof joined, memberId: string) => memberState(group, memberOf(group, memberId)!);

  it.each<[MemberState, string, typeof joined, string]>([
    ['Stable', 'owns what it shall own', stable, 'a'],
    ['UnrevokedPartitions', 'owns what others shall own', joined, 'a'],
    ['UnreleasedPartitions', 'shall own what others own', joined, 'b'],
    ['UnreleasedPartitions', 'shall own what it has not taken yet', released, 'b'],
    ['Stable', 'has given up what it had to', released, 'a'],
  ])('is %s when it %s', (state, _why, group, memberId) => {
    expect(stateOf(group, memberId)).toBe(state);
  });

  it('names what is to be given up', () => {
    expect(partitionsToRevoke(joined, memberOf(joined, 'a')!)).toHaveLength(2);
    expect(idsOf(NO_GROUP, 'a')).toEqual([]);
  });
});
