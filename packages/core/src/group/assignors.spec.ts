import fc from 'fast-check';
import { rangeAssignor, roundRobinAssignor, type AssignableMember, type Assignor } from './assignors.js';
import { BUILT_IN_ASSIGNORS } from './built-in-assignors.js';
import { partitionsOf } from './group.cases.js';
import { uniformAssignor } from './uniform-assignor.js';

type Shares = ReadonlyMap<string, readonly number[]>;

const withCurrent = (members: readonly AssignableMember[], shares: Shares): AssignableMember[] =>
  members.map((member) => ({ ...member, current: shares.get(member.memberId) ?? [] }));
const membersOf = (ids: readonly string[], shares: Shares = new Map()) =>
  withCurrent(
    ids.map((memberId) => ({ memberId, topics: ['t'], current: [] })),
    shares,
  );
const movesBetween = (before: Shares, after: Shares) => {
  const ownerBefore = new Map([...before].flatMap(([member, owned]) => owned.map((id) => [id, member] as const)));
  return [...after].flatMap(([member, owned]) => owned.filter((id) => ownerBefore.get(id) !== member)).length;
};
const spread = (sizes: readonly number[]) => Math.max(...sizes) - Math.min(...sizes);

const ids = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 12 });
const counts = fc.record({ t: fc.integer({ min: 0, max: 60 }), u: fc.integer({ min: 0, max: 9 }), v: fc.nat(3) });
const subscribers = ids.chain((memberIds) =>
  fc.tuple(
    ...memberIds.map((memberId) =>
      fc.record({
        memberId: fc.constant(memberId),
        topics: fc.subarray(['t', 'u', 'v', 'not there']),
        current: fc.constant([]),
      }),
    ),
  ),
);

describe.each<[string, Assignor]>([...BUILT_IN_ASSIGNORS])('the %s assignor', (_name, assignor) => {
  it('gives every partition to one member that subscribes to its topic, if there is one', () => {
    fc.assert(
      fc.property(subscribers, counts, (members, sizes) => {
        const partitions = partitionsOf(sizes);
        const shares = assignor(members, partitions);
        expect([...shares.keys()].sort()).toEqual(members.map(({ memberId }) => memberId).sort());
        const wanted = partitions.filter(({ topic }) => members.some(({ topics }) => topics.includes(topic)));
        expect([...shares.values()].flat().sort((a, b) => a - b)).toEqual(wanted.map(({ partitionId }) => partitionId));
        const topicOf = new Map(partitions.map(({ partitionId, topic }) => [partitionId, topic]));
        for (const { memberId, topics } of members) {
          expect(shares.get(memberId)!.every((id) => topics.includes(topicOf.get(id)!))).toBe(true);
        }
      }),
    );
  });

  it('gives everybody as many of one topic as others, within one', () => {
    fc.assert(
      fc.property(ids, fc.nat(60), (memberIds, count) => {
        const shares = assignor(membersOf(memberIds), partitionsOf({ t: count }));
        expect(spread([...shares.values()].map((share) => share.length))).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('answers the same for the same input, in whatever order it comes', () => {
    fc.assert(
      fc.property(subscribers, counts, (members, sizes) => {
        const partitions = partitionsOf(sizes);
        const sorted = (shares: Shares) => [...shares].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(sorted(assignor([...members].reverse(), [...partitions].reverse()))).toEqual(
          sorted(assignor(members, partitions)),
        );
      }),
    );
  });
});

describe('the uniform assignor, which is sticky', () => {
  it('keeps members with the same subscription within one of each other, whatever others subscribe to', () => {
    fc.assert(
      fc.property(subscribers, counts, (members, sizes) => {
        const shares = uniformAssignor(members, partitionsOf(sizes));
        const alike = new Map<string, number[]>();
        for (const { memberId, topics } of members) {
          const key = [...topics].sort().join();
          alike.set(key, [...(alike.get(key) ?? []), shares.get(memberId)!.length]);
        }
        for (const lengths of alike.values()) expect(spread(lengths)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves no more than balance needs when a member joins or leaves', () => {
    fc.assert(
      fc.property(ids, fc.nat(60), (memberIds, count) => {
        const partitions = partitionsOf({ t: count });
        const before = uniformAssignor(membersOf(memberIds), partitions);
        const joined = uniformAssignor(membersOf([...memberIds, 'zzzzz'], before), partitions);
        expect(movesBetween(before, joined)).toBe(joined.get('zzzzz')!.length);
        expect(joined.get('zzzzz')!.length).toBe(Math.floor(count / (memberIds.length + 1)));

        const [leaver, ...stayed] = memberIds;
        const left = uniformAssignor(membersOf(stayed, before), partitions);
        if (stayed.length > 0) expect(movesBetween(before, left)).toBe(before.get(leaver!)!.length);
      }),
    );
  });

  it('moves nothing when nothing has changed', () => {
    fc.assert(
      fc.property(subscribers, counts, (members, sizes) => {
        const before = uniformAssignor(members, partitionsOf(sizes));
        expect(uniformAssignor(withCurrent(members, before), partitionsOf(sizes))).toEqual(before);
      }),
    );
  });

  it('takes from a member first what it would keep least', () => {
    const shares = uniformAssignor(membersOf(['a', 'b'], new Map([['a', [4, 1, 3, 2]]])), partitionsOf({ t: 4 }));
    expect(shares).toEqual(
      new Map([
        ['a', [1, 4]],
        ['b', [2, 3]],
      ]),
    );
  });

  it('leaves the surplus idle, and gives a topic only to who subscribes to it', () => {
    const members = [
      { memberId: 'a', topics: ['t', 'u'], current: [] },
      { memberId: 'b', topics: ['t'], current: [] },
      { memberId: 'c', topics: ['nothing'], current: [] },
    ];
    const shares = uniformAssignor(members, partitionsOf({ t: 1, u: 2, orphan: 1 }));
    expect(shares).toEqual(
      new Map([
        ['a', [2, 3]],
        ['b', [1]],
        ['c', []],
      ]),
    );
  });
});

describe('the range assignor', () => {
  it('gives equal numbers of several topics to the same member', () => {
    const members = ['a', 'b'].map((memberId) => ({ memberId, topics: ['t', 'u'], current: [] }));
    const shares = rangeAssignor(members, partitionsOf({ t: 3, u: 3 }));
    expect(shares).toEqual(
      new Map([
        ['a', [1, 2, 4, 5]],
        ['b', [3, 6]],
      ]),
    );
  });
});

describe('the roundRobin assignor', () => {
  it('goes on with the next member from topic to topic', () => {
    const members = ['a', 'b'].map((memberId) => ({ memberId, topics: ['t', 'u'], current: [] }));
    const shares = roundRobinAssignor(members, partitionsOf({ t: 3, u: 3 }));
    expect(shares).toEqual(
      new Map([
        ['a', [1, 3, 5]],
        ['b', [2, 4, 6]],
      ]),
    );
  });
});
