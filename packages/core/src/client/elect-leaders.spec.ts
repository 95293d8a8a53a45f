import { partitionOf, topicOf } from '../cluster/cluster.cases.js';
import { electLeaders } from './elect-leaders.js';

const elect = (
  type: 'preferred' | 'unclean',
  partition: Parameters<typeof partitionOf>[0],
  alive: readonly number[] = [1, 2, 3],
) => electLeaders(topicOf([partitionOf(partition)]), type, { partitions: null, aliveBrokers: new Set(alive) });

describe('an election that an operator asks for', () => {
  it('gives the leadership back to the preferred replica, under a new epoch', () => {
    const { topic, outcomes } = elect('preferred', { leader: 2 });
    expect(topic!.partitions[0]).toMatchObject({ leader: 1, leaderEpoch: 6, partitionEpoch: 21 });
    expect(outcomes).toEqual([{ topic: 'orders', partition: 0, leader: 1, error: undefined }]);
  });

  it('makes any replica that is alive the leader where nobody leads, and says that it recovers', () => {
    const { topic } = elect('unclean', { leader: null, isr: [1] }, [3]);
    expect(topic!.partitions[0]).toMatchObject({ leader: 3, isr: [3], isRecovering: true });
  });

  it.each([
    ['preferred', 'it leads already', {}, [1, 2, 3], 'ELECTION_NOT_NEEDED'],
    ['preferred', 'it is not alive', { leader: 2 }, [2, 3], 'PREFERRED_LEADER_NOT_AVAILABLE'],
    ['preferred', 'it is not in sync', { leader: 2, isr: [2, 3] }, [1, 2, 3], 'PREFERRED_LEADER_NOT_AVAILABLE'],
    ['unclean', 'somebody leads', { leader: 2, isr: [2] }, [2, 3], 'ELECTION_NOT_NEEDED'],
    ['unclean', 'no replica is alive', { leader: null, isr: [1] }, [], 'ELIGIBLE_LEADERS_NOT_AVAILABLE'],
  ] as const)('changes nothing (%s) when %s', (type, _, partition, alive, error) => {
    const { topic, outcomes } = elect(type, partition, alive);
    expect(topic).toBeUndefined();
    expect(outcomes[0]!.error).toBe(error);
  });

  it('is held in the partitions that were asked for only, and names those that there are not', () => {
    const topic = topicOf([partitionOf({ leader: 2 }), partitionOf({ partition: 1, partitionId: 71, leader: 3 })]);
    const elected = electLeaders(topic, 'preferred', { partitions: [1, 7], aliveBrokers: new Set([1, 2, 3]) });
    expect(elected.topic!.partitions.map(({ leader }) => leader)).toEqual([2, 1]);
    expect(elected.outcomes).toEqual([
      { topic: 'orders', partition: 1, leader: 1, error: undefined },
      { topic: 'orders', partition: 7, leader: null, error: 'UNKNOWN_TOPIC_OR_PARTITION' },
    ]);
  });
});
