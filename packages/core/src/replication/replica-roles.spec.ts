import type { ClusterImage, PartitionState, TopicState } from '../cluster/cluster-image.js';
import { newRoles, rolesOf } from './replica-roles.js';

const state = (partition: number, replicas: number[]): PartitionState => ({
  partition,
  partitionId: 10 - partition,
  replicas,
  addingReplicas: [],
  removingReplicas: [],
  isr: replicas,
  elr: [],
  leader: replicas[0]!,
  leaderEpoch: 3,
  partitionEpoch: 7,
  isRecovering: false,
});
const topic: TopicState = {
  topic: 'orders',
  topicId: 't',
  config: { 'min.insync.replicas': '2' },
  replicationFactor: 2,
  partitions: [state(0, [1, 2]), state(1, [2, 3]), state(2, [1])],
};
const image: ClusterImage = { revision: 1n, brokers: new Map(), topics: new Map([['orders', topic]]) };

describe('the roles of a broker’s replicas', () => {
  it('are those of the partitions that it holds, by id, with the minimum that can be met', () => {
    expect(rolesOf(image, 1).map(({ partitionId, minIsr }) => [partitionId, minIsr])).toEqual([
      [8, 1],
      [10, 2],
    ]);
    expect(rolesOf(image, 4)).toEqual([]);
  });

  it.each([
    ['nothing is known', undefined, true],
    ['an older leader epoch is known', { leaderEpoch: 2, partitionEpoch: 99 }, true],
    ['an older partition epoch is known', { leaderEpoch: 3, partitionEpoch: 6 }, true],
    ['the same is known', { leaderEpoch: 3, partitionEpoch: 7 }, false],
    ['a newer one is known', { leaderEpoch: 4, partitionEpoch: 1 }, false],
  ])('are new when %s: %j → %s', (_, known, isNew) => {
    const roles = rolesOf(image, 3);
    const found = newRoles(roles, new Map(known === undefined ? [] : [[9, known]]));
    expect(found.length === 1).toBe(isNew);
  });
});
