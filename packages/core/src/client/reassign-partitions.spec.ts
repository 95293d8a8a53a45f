import { partitionOf, topicOf } from '../cluster/cluster.cases.js';
import type { ReplicaTarget } from './cluster.js';
import { reassignPartitions } from './reassign-partitions.js';

const brokers = { registered: new Set([1, 2, 3, 4]), alive: new Set([1, 2, 3, 4]) };
const topic = topicOf([partitionOf(), partitionOf({ partition: 1, partitionId: 71 })]);
const reassign = (targets: readonly ReplicaTarget[], from = topic) => reassignPartitions(from, targets, brokers);

describe('a reassignment', () => {
  it('adds the new replicas and keeps the old ones for now', () => {
    expect(reassign([{ partition: 0, replicas: [4, 1, 2] }])!.partitions[0]).toMatchObject({
      replicas: [4, 1, 2, 3],
      addingReplicas: [4],
      removingReplicas: [3],
      leader: 1,
    });
  });

  it('can be taken back', () => {
    const moving = reassign([{ partition: 0, replicas: [4, 1, 2] }])!;
    expect(reassign([{ partition: 0, replicas: null }], moving)!.partitions[0]).toMatchObject({
      replicas: [1, 2, 3],
      addingReplicas: [],
      removingReplicas: [],
    });
  });

  it('of all partitions to as many replicas decides of later ones too', () => {
    const both = [0, 1].map((partition) => ({ partition, replicas: [1, 2] }));
    expect(reassign(both)!.replicationFactor).toBe(2);
    expect(reassign(both.slice(1))!.replicationFactor).toBe(3);
  });

  it('to where everything is changes nothing', () => {
    expect(reassign([{ partition: 0, replicas: [1, 2, 3] }])).toBeUndefined();
  });

  it.each<[string, ReplicaTarget, string]>([
    ['to nowhere', { partition: 0, replicas: [] }, 'INVALID_REQUEST'],
    ['to a broker that nobody knows', { partition: 0, replicas: [1, 9] }, 'INVALID_REQUEST'],
    ['of a partition that there is not', { partition: 5, replicas: [1] }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['that did not begin cannot be taken back', { partition: 0, replicas: null }, 'NO_REASSIGNMENT_IN_PROGRESS'],
  ])('%s is refused', (_, target, code) => {
    expect(() => reassign([target])).toThrow(expect.objectContaining({ code }) as Error);
  });
});
