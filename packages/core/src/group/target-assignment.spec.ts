import { decide } from './group-decisions.js';
import { circumstances, idsOf, NO_GROUP, obey, partitionsOf, report, settledGroup } from './group.cases.js';
import { memberOf, partitionsToRevoke } from './group-state.js';
import { assignTargets, isTargetOutdated } from './target-assignment.js';
import { uniformAssignor } from './uniform-assignor.js';

describe('targets', () => {
  it('of an assignor that gives too much away are cut down to what may be', () => {
    const group = decide(settledGroup('a'), report('b', 0, [], ['u']), circumstances()).group;
    const greedy = assignTargets(
      group,
      () =>
        new Map([
          ['a', [1, 99]],
          ['b', [1, 2]],
        ]),
      partitionsOf({ t: 4 }),
    );
    expect(greedy.members.map(({ target }) => target)).toEqual([[1], []]);
  });

  it('ask nobody for more when a rebalance begins before the last one ended', () => {
    const joined = decide(settledGroup('a'), report('b', 0), circumstances()).group;
    const asked = partitionsToRevoke(joined, memberOf(joined, 'a')!);
    const crowded = decide(joined, report('c', 0), circumstances()).group;
    expect(partitionsToRevoke(crowded, memberOf(crowded, 'a')!)).toEqual(asked);
  });

  it('give a half-released partition back to nobody who must give it up again', () => {
    const joined = decide(settledGroup('a'), report('b', 0), circumstances()).group;
    const half = decide(joined, report('a', 1, [1, 2, 3]), circumstances()).group;
    const gone = decide(half, report('b', -1), circumstances()).group;
    expect(idsOf(obey(gone, 'a').group, 'a')).toEqual([1, 2, 3, 4]);
  });

  it('are outdated once partitions came or went', () => {
    const group = settledGroup('a', 'b');
    expect(isTargetOutdated(group, partitionsOf({ t: 4 }))).toBe(false);
    expect(isTargetOutdated(group, partitionsOf({ t: 5 }))).toBe(true);
    expect(isTargetOutdated(group, partitionsOf({ t: 3 }))).toBe(true);
    expect(isTargetOutdated(group, partitionsOf({ t: 4 }, 2))).toBe(true);
    expect(assignTargets(NO_GROUP, uniformAssignor, []).members).toEqual([]);
  });
});
