import { imageOf, partitionOf } from '../cluster/cluster.cases.js';
import { describePartition, haveLeadersChanged, leadersOf } from './image-leaders.js';

const leaders = (other: Parameters<typeof partitionOf>[0]) => leadersOf(imageOf([partitionOf(other)]));

describe('the leaders of an image', () => {
  it('are known by partition number, and that nobody leads too', () => {
    const image = imageOf([
      partitionOf(),
      partitionOf({ partition: 1, partitionId: 71, leader: null, leaderEpoch: 6 }),
    ]);
    expect(leadersOf(image)).toEqual(
      new Map([
        [70, { brokerId: 1, leaderEpoch: 5 }],
        [71, null],
      ]),
    );
  });

  it.each([
    ['nothing changed', {}, false],
    ['only the in-sync replicas changed', { isr: [1], partitionEpoch: 21 }, false],
    ['another broker leads', { leader: 2, leaderEpoch: 6 }, true],
    ['the same broker leads anew', { leaderEpoch: 7 }, true],
    ['nobody leads any more', { leader: null, leaderEpoch: 6 }, true],
    ['the partition was made anew', { partitionId: 99 }, true],
  ])('differ or not when %s', (_, change, isDifferent) => {
    expect(haveLeadersChanged(leaders({}), leaders(change))).toBe(isDifferent);
  });

  it('differ when a partition has come or gone', () => {
    const one = leaders({});
    expect(haveLeadersChanged(one, new Map())).toBe(true);
    expect(haveLeadersChanged(new Map(), one)).toBe(true);
    expect(haveLeadersChanged(one, new Map([...one, [71, null]]))).toBe(true);
    expect(haveLeadersChanged(new Map([[70, null]]), new Map([[70, null]]))).toBe(false);
  });
});

describe('a partition as clients see it', () => {
  it('names replicas whose broker is fenced, or not there at all', () => {
    const { brokers } = imageOf([], { 2: 'fenced', 3: 'draining' });
    const { offlineReplicas } = describePartition('orders', partitionOf({ replicas: [3, 2, 1, 9] }), brokers);
    expect(offlineReplicas).toEqual([2, 9]);
  });
});
