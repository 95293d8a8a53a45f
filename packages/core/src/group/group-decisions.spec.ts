import fc from 'fast-check';
import { decide, decideExpiry, type Decision } from './group-decisions.js';
import { circumstances, idsOf, NO_GROUP, obey, partitionsOf, report, settledGroup } from './group.cases.js';
import type { Group } from './group.js';
import { GROUP_TRANSITIONS, groupState, memberOf, ownedBy } from './group-state.js';

const alone = decide(NO_GROUP, report('a', 0), circumstances());
const joined = decide(alone.group, report('b', 0), circumstances());
const refused = (code: string) => expect.objectContaining({ code }) as Error;

describe('a member that joins', () => {
  it('owns everything when it is alone', () => {
    expect(alone).toMatchObject({ outcome: 'Stable', events: ['joined', 'assigned', 'reconciled'] });
    expect(idsOf(alone.group, 'a')).toEqual([1, 2, 3, 4]);
  });

  it('waits for what others still own', () => {
    expect(joined.outcome).toBe('UnreleasedPartitions');
    expect(idsOf(joined.group, 'b')).toEqual([]);
    expect(groupState(joined.group)).toBe('Reconciling');
  });

  it('anew, holds nothing of what it had, and gets it under a higher owner epoch', () => {
    const again = decide(alone.group, report('a', 0), circumstances());
    expect(again.group.members).toHaveLength(1);
    expect(again.group.owned.map(({ ownerEpoch }) => ownerEpoch)).toEqual([2, 2, 2, 2]);
  });

  it('stands by when there are more members than partitions', () => {
    const group = settledGroup('a', 'b', 'c', 'd', 'e');
    expect(group.members.map(({ memberId }) => idsOf(group, memberId).length)).toEqual([1, 1, 1, 1, 0]);
    expect(groupState(group)).toBe('Stable');
  });
});

describe('a partition that moves', () => {
  const told = decide(joined.group, report('a', 1, [1, 2, 3, 4]), circumstances());
  const kept = memberOf(told.group, 'a')!.target;
  const released = decide(told.group, report('a', 1, kept), circumstances());
  const taken = decide(released.group, report('b', 2), circumstances());

  it('is first given up by its old owner, who keeps its epoch until then', () => {
    expect(told.outcome).toBe('UnrevokedPartitions');
    expect(memberOf(told.group, 'a')!.memberEpoch).toBe(1);
    expect(idsOf(told.group, 'a')).toEqual([1, 2, 3, 4]);
  });

  it('belongs to nobody between its owners', () => {
    expect(released.outcome).toBe('Stable');
    expect(memberOf(released.group, 'a')!.memberEpoch).toBe(2);
    expect(idsOf(released.group, 'a')).toEqual(kept);
    expect(released.group.owned).toHaveLength(2);
  });

  it('goes to its new owner under the new epoch, while the rest keeps owner and epoch', () => {
    expect(taken).toMatchObject({ outcome: 'Stable' });
    expect(ownedBy(taken.group, 'b').map(({ ownerEpoch }) => ownerEpoch)).toEqual([2, 2]);
    expect(ownedBy(taken.group, 'a').map(({ ownerEpoch }) => ownerEpoch)).toEqual([1, 1]);
    expect(groupState(taken.group)).toBe('Stable');
  });

  it('is given up one by one by a member that drains one by one', () => {
    const half = decide(told.group, report('a', 1, [...kept, 3]), circumstances());
    expect(half.outcome).toBe('UnrevokedPartitions');
    expect(half.group.owned.map(({ partitionId }) => partitionId)).toEqual([1, 2, 3]);
    expect(idsOf(decide(half.group, report('b', 2), circumstances()).group, 'b')).toEqual([4]);
  });

  it('is drained before it is released when its owner no longer subscribes to its topic', () => {
    const both = circumstances({ partitions: partitionsOf({ t: 1, u: 1 }) });
    const first = decide(NO_GROUP, report('a', 0, [], ['t', 'u']), both).group;
    const told = decide(first, report('a', 1, [1, 2], ['t']), both);
    const draining = decide(
      told.group,
      report('a', 1, [1, 2], ['t']),
      circumstances({ partitions: partitionsOf({ t: 1 }) }),
    );
    expect(draining.outcome).toBe('UnrevokedPartitions');
    expect(idsOf(draining.group, 'a')).toEqual([1, 2]);
  });
});

describe('a member that is not what the group knows', () => {
  it.each([
    ['unknown', report('x', 3), 'UNKNOWN_MEMBER_ID'],
    ['ahead', report('a', 9), 'FENCED_MEMBER_EPOCH'],
    ['behind', report('b', 1), 'FENCED_MEMBER_EPOCH'],
    ['holding what another owns', report('b', 2, [1]), 'FENCED_MEMBER_EPOCH'],
  ])('is fenced when it is %s', (_title, stale, code) => {
    expect(() => decide(joined.group, stale, circumstances())).toThrow(refused(code));
  });

  it('may repeat its previous epoch once, when the answer was lost, if it holds no more than it owns', () => {
    const moved = decide(joined.group, report('a', 1, [1, 2]), circumstances());
    expect(memberOf(moved.group, 'a')!.memberEpoch).toBe(2);
    const repeated = decide(moved.group, report('a', 1, [1, 2]), circumstances());
    expect(repeated).toMatchObject({ outcome: 'Stable', events: [] });
    expect(repeated.group).toEqual(moved.group);
    expect(() => decide(moved.group, report('a', 1, [1, 2, 3]), circumstances())).toThrow(
      refused('FENCED_MEMBER_EPOCH'),
    );
  });

  it('keeps what it was given when the answer to that was lost', () => {
    const released = decide(joined.group, report('a', 1, [1, 2]), circumstances());
    const given = decide(released.group, report('b', 2), circumstances());
    expect(decide(given.group, report('b', 2), circumstances()).group).toEqual(given.group);
  });
});

describe('a member that is gone', () => {
  it('by its own word, leaves its partitions free at once', () => {
    const left = decide(joined.group, report('a', -1), circumstances());
    expect(left).toMatchObject({ outcome: 'Left', events: ['lost'] });
    expect(left.group.owned).toEqual([]);
    expect(groupState(left.group)).toBe('Assigning');
    const next = decide(left.group, report('b', 2), circumstances());
    expect(next).toMatchObject({ outcome: 'Stable', events: ['assigned', 'reconciled'] });
    expect(idsOf(next.group, 'b')).toEqual([1, 2, 3, 4]);
  });

  it('as the last one, leaves an empty group', () => {
    const left = decide(alone.group, report('a', -1), circumstances());
    expect(left.events).toEqual(['lastLost']);
    expect(groupState(left.group)).toBe('Empty');
    expect(decide(left.group, report('a', -1), circumstances()).group).toEqual(left.group);
  });

  it('by silence, is removed by whoever reports next, at one epoch higher', () => {
    const next = decide(joined.group, report('b', 2), circumstances({ silent: new Set(['a']) }));
    expect(next.group).toMatchObject({ groupEpoch: joined.group.groupEpoch + 1, members: [{ memberId: 'b' }] });
    expect(idsOf(next.group, 'b')).toEqual([1, 2, 3, 4]);
  });

  it('by silence, is alive again when it reports before anybody noticed', () => {
    const next = decide(alone.group, report('a', 1, [1, 2, 3, 4]), circumstances({ silent: new Set(['a']) }));
    expect(next.group).toEqual(alone.group);
  });

  it('by silence, is removed without a report when an operator asks', () => {
    const next = decideExpiry(joined.group, new Set(['a', 'b']));
    expect([groupState(next.group), next.group.owned]).toEqual(['Empty', []]);
    expect(decideExpiry(joined.group, new Set()).group).toBe(joined.group);
  });
});

describe('a member that does not give up in time', () => {
  const late = { late: new Set(['a']) };

  it('is removed by whoever reports next', () => {
    const next = decide(joined.group, report('b', 2), circumstances(late));
    expect(idsOf(next.group, 'b')).toEqual([1, 2, 3, 4]);
  });

  it('is removed by its own report, unless that gives up everything', () => {
    const removed = decide(joined.group, report('a', 1, [1, 2, 3]), circumstances(late));
    expect(removed.outcome).toBe('Removed');
    expect(removed.group.members.map(({ memberId }) => memberId)).toEqual(['b']);
    expect(decide(joined.group, report('a', 1, [1, 2]), circumstances(late)).outcome).toBe('Stable');
  });
});

describe('topics that change', () => {
  it('bring new partitions, and take away those that are gone', () => {
    const more = [...partitionsOf({ t: 4 }).slice(1), { topic: 't', partition: 4, partitionId: 9 }];
    const without = { ...alone.group, owned: alone.group.owned.slice(1) }; // Its offset row went with the topic.
    const next = decide(
      without,
      report('a', 1, [1, 2, 3, 4]),
      circumstances({ partitions: more, haveTopicsChanged: true }),
    );
    expect(next.events).toEqual(['changed', 'assigned', 'reconciled']);
    expect(idsOf(next.group, 'a')).toEqual([2, 3, 4, 9]);
  });
});

describe('a partition, in any series of reports,', () => {
  const MEMBERS = ['a', 'b', 'c', 'd', 'e'];
  const anything = fc.array(
    fc.record({
      memberId: fc.constantFrom(...MEMBERS),
      what: fc.constantFrom('obey', 'obey', 'obey', 'stay', 'join', 'leave', 'silence', 'late', 'topics'),
    }),
    { maxLength: 80 },
  );

  /** What the member does next, if it can; a member that is not in the group joins. */
  function step(group: Group, memberId: string, what: string): Decision {
    const known = memberOf(group, memberId);
    if (known === undefined || what === 'join') return decide(group, report(memberId, 0), circumstances());
    if (what === 'leave') return decide(group, report(memberId, -1), circumstances());
    if (what === 'silence') return decideExpiry(group, new Set([memberId]));
    if (what === 'stay') {
      return decide(group, report(memberId, known.memberEpoch, idsOf(group, memberId), known.topics), circumstances());
    }
    if (what === 'late') return obey(group, memberId, { late: new Set(MEMBERS.slice(0, 2)) });
    return obey(group, memberId, what === 'topics' ? { haveTopicsChanged: true } : {});
  }

  it('never has two owners, whoever reports in whatever order', () => {
    fc.assert(
      fc.property(anything, (steps) => {
        let group = NO_GROUP;
        const highest = new Map<number, number>();
        for (const { memberId, what } of steps) {
          const next = step(group, memberId, what).group;
          const before = new Map(group.owned.map((each) => [each.partitionId, each]));
          expect(new Set(next.owned.map(({ partitionId }) => partitionId)).size).toBe(next.owned.length);
          for (const { partitionId, owner, ownerEpoch } of next.owned) {
            const old = before.get(partitionId);
            if (old?.owner === owner && old.ownerEpoch === ownerEpoch) continue;
            expect(ownerEpoch).toBeGreaterThan(highest.get(partitionId) ?? 0);
            expect(owner).toBe(memberId); // Only who reports is given anything.
            highest.set(partitionId, ownerEpoch);
          }
          group = next;
        }
      }),
    );
  });

  it('belongs to a group that walks through states as the table says', () => {
    fc.assert(
      fc.property(anything, (steps) => {
        let group = NO_GROUP;
        for (const { memberId, what } of steps) {
          const decision = step(group, memberId, what);
          const walked = decision.events.reduce<ReturnType<typeof groupState> | null>(
            (state, event) => (state === null ? null : GROUP_TRANSITIONS[state][event]),
            groupState(group),
          );
          expect(groupState(decision.group)).toBe(walked);
          group = decision.group;
        }
      }),
    );
  });

  it('has an owner in the end, with everybody at one epoch, once all obey', () => {
    fc.assert(
      fc.property(anything, (steps) => {
        let group = NO_GROUP;
        for (const { memberId, what } of steps) group = step(group, memberId, what).group;
        for (let round = 0; round < 4; round++) {
          for (const { memberId } of group.members) group = obey(group, memberId).group;
        }
        if (group.members.length === 0) return;
        expect(groupState(group)).toBe('Stable');
        expect(group.owned.map(({ partitionId }) => partitionId).sort((a, b) => a - b)).toEqual([1, 2, 3, 4]);
      }),
    );
  });
});
