import { uniformAssignor } from './assignors.js';
import { decide, groupState, ownedBy, type Circumstances, type Group, type MemberReport } from './group-state.js';

const partitions = [1, 2, 3, 4].map((partitionId) => ({ partitionId, topic: 't' }));
const EMPTY: Group = { groupEpoch: 0, assignmentEpoch: 0, members: [], owned: [] };
const around = (given: Partial<Circumstances> = {}): Circumstances => ({
  assignor: uniformAssignor,
  partitions,
  haveTopicsChanged: false,
  lost: new Set(),
  ...given,
});
const report = (memberId: string, memberEpoch: number, held: readonly number[] = []): MemberReport => ({
  memberId,
  memberEpoch,
  held,
  clientId: 'c',
  host: 'h',
  topics: ['t'],
  sessionTimeoutMs: 1_000,
  rebalanceTimeoutMs: 1_000,
});
const owned = (group: Group, memberId: string) =>
  ownedBy(group, memberId)
    .map(({ partitionId }) => partitionId)
    .sort((a, b) => a - b);
const alone = decide(EMPTY, report('a', 0), around());
const joined = decide(alone.group, report('b', 0), around());

describe('a member that joins', () => {
  it('owns everything when it is alone', () => {
    expect(alone.state).toBe('Stable');
    expect(owned(alone.group, 'a')).toEqual([1, 2, 3, 4]);
    expect(groupState(alone.group)).toBe('Stable');
    expect(groupState(EMPTY)).toBe('Empty');
  });

  it('waits for what others still own', () => {
    expect(joined.state).toBe('UnreleasedPartitions');
    expect(owned(joined.group, 'b')).toEqual([]);
    expect(groupState(joined.group)).toBe('Reconciling');
  });
});

describe('a partition that moves', () => {
  const told = decide(joined.group, report('a', 1, [1, 2, 3, 4]), around());
  const [kept, moving] = [[...told.group.members.find(({ memberId }) => memberId === 'a')!.target], [3, 4]];
  const released = decide(told.group, report('a', 1, kept), around());
  const taken = decide(released.group, report('b', 2), around());

  it('is first given up by its old owner, who keeps its epoch until then', () => {
    expect(told.state).toBe('UnrevokedPartitions');
    expect(told.group.members.find(({ memberId }) => memberId === 'a')!.memberEpoch).toBe(1);
    expect(owned(told.group, 'a')).toEqual([1, 2, 3, 4]);
  });

  it('belongs to nobody between its owners', () => {
    expect(released.state).toBe('Stable');
    expect(released.group.owned.map(({ partitionId }) => partitionId).sort((a, b) => a - b)).toEqual(kept);
  });

  it('goes to its new owner under the new epoch, while the rest keeps owner and epoch', () => {
    expect(taken.state).toBe('Stable');
    expect(owned(taken.group, 'b')).toEqual(moving);
    expect(ownedBy(taken.group, 'b').every(({ ownerEpoch }) => ownerEpoch === 2)).toBe(true);
    expect(ownedBy(taken.group, 'a').every(({ ownerEpoch }) => ownerEpoch === 1)).toBe(true);
    expect(groupState(taken.group)).toBe('Stable');
  });

  it('never has two owners, whoever reports in whatever order', () => {
    let group = EMPTY;
    const epochs = new Map<string, number>();
    for (let step = 0; step < 500; step++) {
      const memberId = 'abcd'[(step * 7 + Math.floor(step / 3)) % 4]!;
      const isLeaving = step % 11 === 10;
      const known = group.members.find((member) => member.memberId === memberId);
      const memberEpoch = known === undefined ? 0 : isLeaving ? -1 : (epochs.get(memberId) ?? 0);
      const held =
        known === undefined
          ? []
          : ownedBy(group, memberId)
              .map((each) => each.partitionId)
              .filter((each) => known.target.includes(each));
      const next = decide(group, report(memberId, memberEpoch, held), around());
      const places = next.group.owned.map(({ partitionId }) => partitionId);
      expect(new Set(places).size).toBe(places.length);
      epochs.set(memberId, next.group.members.find((member) => member.memberId === memberId)?.memberEpoch ?? 0);
      group = next.group;
    }
  });
});

describe('a member that is not what the group knows', () => {
  it.each([
    ['unknown', report('x', 3), 'UNKNOWN_MEMBER_ID'],
    ['ahead', report('a', 9), 'FENCED_MEMBER_EPOCH'],
  ])('is fenced when it is %s', (_title, stale, code) => {
    expect(() => decide(alone.group, stale, around())).toThrow(expect.objectContaining({ code }));
  });

  it('may repeat its previous epoch once, when the answer was lost, if it holds no more than it owns', () => {
    const moved = decide(
      decide(joined.group, report('a', 1, [1, 2, 3, 4]), around()).group,
      report('a', 1, [1, 2]),
      around(),
    );
    expect(moved.group.members.find(({ memberId }) => memberId === 'a')!.memberEpoch).toBe(2);
    expect(decide(moved.group, report('a', 1, [1, 2]), around()).state).toBe('Stable');
    expect(() => decide(moved.group, report('a', 1, [1, 2, 3]), around())).toThrow(
      expect.objectContaining({ code: 'FENCED_MEMBER_EPOCH' }),
    );
  });
});

describe('a member that is gone', () => {
  it('by its own word, leaves its partitions free at once', () => {
    const left = decide(joined.group, report('a', -1), around());
    expect(left.state).toBeUndefined();
    expect(left.group.owned).toEqual([]);
    const next = decide(left.group, report('b', 2), around({ haveTopicsChanged: true }));
    expect(owned(next.group, 'b')).toEqual([1, 2, 3, 4]);
  });

  it('by silence, is removed by whoever reports next', () => {
    const next = decide(joined.group, report('b', 2), around({ lost: new Set(['a']) }));
    expect(next.group.members.map(({ memberId }) => memberId)).toEqual(['b']);
    expect(owned(next.group, 'b')).toEqual([1, 2, 3, 4]);
  });
});

describe('topics that change', () => {
  it('bring new partitions, and take away those that are gone', () => {
    const more = [...partitions.slice(1), { partitionId: 9, topic: 't' }];
    const next = decide(
      alone.group,
      report('a', 1, [1, 2, 3, 4]),
      around({ partitions: more, haveTopicsChanged: true }),
    );
    expect(owned(next.group, 'a')).toEqual([2, 3, 4, 9]);
  });
});
