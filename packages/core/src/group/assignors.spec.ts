import fc from 'fast-check';
import { uniformAssignor, type AssignableMember, type AssignablePartition } from './assignors.js';

const partitionsOf = (counts: Readonly<Record<string, number>>): AssignablePartition[] =>
  Object.entries(counts).flatMap(([topic, count], place) =>
    Array.from({ length: count }, (_, index) => ({ topic, partitionId: place * 1_000 + index })),
  );
const members = (
  ids: readonly string[],
  current: ReadonlyMap<string, readonly number[]> = new Map(),
): AssignableMember[] => ids.map((memberId) => ({ memberId, topics: ['t'], current: current.get(memberId) ?? [] }));
const groupOf = fc.tuple(
  fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 12 }),
  fc.integer({ min: 0, max: 60 }),
);
const movesBetween = (
  before: ReadonlyMap<string, readonly number[]>,
  after: ReadonlyMap<string, readonly number[]>,
) => {
  const ownerBefore = new Map(
    [...before].flatMap(([member, owned]) => owned.map((partition) => [partition, member] as const)),
  );
  return [...after].flatMap(([member, owned]) => owned.filter((partition) => ownerBefore.get(partition) !== member))
    .length;
};

describe('the uniform assignor', () => {
  it('gives every partition one owner and everybody as many as others, within one', () => {
    fc.assert(
      fc.property(groupOf, ([ids, count]) => {
        const shares = [...uniformAssignor(members(ids), partitionsOf({ t: count })).values()];
        expect(shares.flat().sort((a, b) => a - b)).toEqual(
          partitionsOf({ t: count }).map(({ partitionId }) => partitionId),
        );
        const sizes = shares.map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves no more than balance needs when a member joins or leaves', () => {
    fc.assert(
      fc.property(groupOf, ([ids, count]) => {
        const partitions = partitionsOf({ t: count });
        const before = uniformAssignor(members(ids), partitions);
        const joined = uniformAssignor(members([...ids, 'zzzzz'], before), partitions);
        expect(movesBetween(before, joined)).toBe(joined.get('zzzzz')!.length);
        expect(joined.get('zzzzz')!.length).toBe(Math.floor(count / (ids.length + 1)));

        const [leaver, ...stayed] = ids;
        const left = uniformAssignor(members(stayed, before), partitions);
        if (stayed.length > 0) expect(movesBetween(before, left)).toBe(before.get(leaver!)!.length);
      }),
    );
  });

  it('answers the same for the same input, in whatever order it comes', () => {
    fc.assert(
      fc.property(groupOf, ([ids, count]) => {
        const partitions = partitionsOf({ t: count });
        expect(uniformAssignor(members([...ids].reverse()), [...partitions].reverse())).toEqual(
          uniformAssignor(members(ids), partitions),
        );
      }),
    );
  });

  it('leaves the surplus idle, and gives a topic only to who subscribes to it', () => {
    const shares = uniformAssignor(
      [
        { memberId: 'a', topics: ['t', 'u'], current: [] },
        { memberId: 'b', topics: ['t'], current: [] },
        { memberId: 'c', topics: ['nothing'], current: [] },
      ],
      partitionsOf({ t: 1, u: 2, orphan: 1 }),
    );
    expect(shares).toEqual(
      new Map([
        ['a', [1_000, 1_001]],
        ['b', [0]],
        ['c', []],
      ]),
    );
  });
});
