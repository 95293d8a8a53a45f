import { PAUSED, type Group, type GroupMember, type GroupState, type MemberState } from './group.js';
import { settledGroup, NO_GROUP, report, circumstances, obey, idsOf } from './group.cases.js';
import { decide } from './group-decisions.js';
import { readFileSync } from 'node:fs';
import {
  GROUP_TRANSITIONS,
  type GroupEvent,
  groupState,
  memberOf,
  memberState,
  partitionsToRevoke,
} from './group-state.js';

const stable = settledGroup('a', 'b');
const withMember = (memberId: string, change: Partial<GroupMember>): Group => ({
  ...stable,
  members: stable.members.map((member) => (member.memberId === memberId ? { ...member, ...change } : member)),
});

describe('the state of a group', () => {
  it.each<[GroupState, string, Group | undefined]>([
    ['Dead', 'does not exist', undefined],
    ['Empty', 'has no members', { ...NO_GROUP, groupEpoch: 3, assignmentEpoch: 2 }],
    ['Assigning', 'has a newer epoch than its targets', { ...stable, groupEpoch: stable.groupEpoch + 1 }],
    ['Reconciling', 'has a member behind', withMember('a', { memberEpoch: 1 })],
    ['Reconciling', 'has a member that awaits partitions', { ...stable, owned: stable.owned.slice(1) }],
    ['Reconciling', 'has a member that shall give something up', withMember('b', { target: [] })],
    ['Stable', 'has all members at its epoch, with what they shall own', stable],
    ['Stable', 'has a static member that is away', { ...withMember('a', { memberEpoch: PAUSED }) }],
  ])('is %s when it %s', (state, _why, group) => {
    expect(groupState(group)).toBe(state);
  });

  it('changes as the specification’s table says, and by nothing else', () => {
    const text = readFileSync(new URL('../../../../docs/spec/group.md', import.meta.url), 'utf8');
    const rows = text
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .filter(([, event]) => event !== undefined && Object.hasOwn(GROUP_TRANSITIONS.Dead, event));
    const columns = ['Empty', 'Assigning', 'Reconciling', 'Stable', 'Dead'] as const;
    const documented = rows.map(([, event, , ...cells]) => [
      event,
      columns.map((_, place) => (cells[place] === '–' ? null : cells[place])),
    ]);
    const events = Object.keys(GROUP_TRANSITIONS.Dead) as GroupEvent[];
    expect(new Map(documented as never)).toEqual(
      new Map(events.map((event) => [event, columns.map((state) => GROUP_TRANSITIONS[state][event])])),
    );
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
