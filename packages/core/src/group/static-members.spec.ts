import { decide } from './group-decisions.js';
import { circumstances, idsOf, NO_GROUP, obey, report, settledGroup } from './group.cases.js';
import { PAUSED, type Group, type MemberReport } from './group.js';
import { groupState, memberOf } from './group-state.js';

const as = (groupInstanceId: string): Partial<MemberReport> => ({ groupInstanceId });
const join = (group: Group, memberId: string, name: string) =>
  decide(group, report(memberId, 0, [], ['t'], as(name)), circumstances()).group;
const beat = (group: Group, memberId: string, name: string) => {
  const { memberEpoch, target } = memberOf(group, memberId)!;
  const held = idsOf(group, memberId).filter((partitionId) => target.includes(partitionId));
  return decide(group, report(memberId, memberEpoch, held, ['t'], as(name)), circumstances()).group;
};
const leave = (group: Group, memberId: string, name: string) =>
  decide(group, report(memberId, PAUSED, [], ['t'], as(name)), circumstances());

let group = join(join(NO_GROUP, 'a1', 'a'), 'b1', 'b');
for (const _ of [1, 2]) group = beat(beat(group, 'a1', 'a'), 'b1', 'b');
const owned = (of: Group, memberId: string) => idsOf(of, memberId).join();

describe('a static member', () => {
  it('that goes keeps its partitions: nobody else’s move, and no epoch rises', () => {
    const { group: paused, events } = leave(group, 'a1', 'a');
    expect(events).toEqual(['paused']);
    expect(paused.groupEpoch).toBe(group.groupEpoch);
    expect(owned(paused, 'a1')).toBe(owned(group, 'a1'));
    expect(groupState(paused)).toBe('Stable');
    expect(beat(paused, 'b1', 'b')).toEqual(paused);
  });

  it.each([
    ['after it went', leave(group, 'a1', 'a').group],
    ['after it was killed', group],
  ])('comes back under a new member id %s, and has at once what it had', (_when, before) => {
    const back = decide(before, report('a2', 0, [], ['t'], as('a')), circumstances());
    expect(back.events).toEqual(['replaced', 'reconciled']);
    expect(back.outcome).toBe('Stable');
    expect(back.group.groupEpoch).toBe(group.groupEpoch);
    expect(owned(back.group, 'a2')).toBe(owned(group, 'a1'));
    expect(owned(back.group, 'b1')).toBe(owned(group, 'b1'));
    expect(memberOf(back.group, 'a1')).toBeUndefined();
  });

  it('whose place was taken is told to stop, not to join anew', () => {
    const taken = join(group, 'a2', 'a');
    const late = () => decide(taken, report('a1', 2, [], ['t'], as('a')), circumstances());
    expect(late).toThrow(expect.objectContaining({ code: 'FENCED_INSTANCE_ID' }) as Error);
  });

  it('that stays away for its session is gone like any other', () => {
    const paused = leave(group, 'a1', 'a').group;
    const later = decide(
      paused,
      report('b1', 2, idsOf(paused, 'b1'), ['t'], as('b')),
      circumstances({ silent: new Set(['a1']) }),
    );
    expect(later.events).toEqual(['lost', 'assigned', 'reconciled']);
    expect(owned(later.group, 'b1')).toBe('1,2,3,4');
  });

  it('that is away holds nothing, so what shall move from it is free at once', () => {
    const paused = leave(group, 'a1', 'a').group;
    const third = decide(paused, report('c', 0), circumstances()).group;
    const settled = beat(third, 'b1', 'b');
    const last = obey(settled, 'c').group;
    const all = ['a1', 'b1', 'c'].map((memberId) => idsOf(last, memberId));
    expect(all.map(({ length }) => length).sort((a, b) => a - b)).toEqual([1, 1, 2]);
  });

  it('that comes back with other topics asks for new targets', () => {
    const back = decide(group, report('a2', 0, [], ['u'], as('a')), circumstances());
    expect(back.events).toEqual(['replaced', 'changed', 'assigned']);
    expect(back.group.groupEpoch).toBe(group.groupEpoch + 1);
    expect(idsOf(back.group, 'a2')).toEqual([]);
  });

  it('is one of many: members without a name are nobody’s successors', () => {
    const dynamic = settledGroup('x');
    expect(decide(dynamic, report('y', 0), circumstances()).events).toContain('joined');
  });
});
