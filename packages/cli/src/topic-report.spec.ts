import type { PartitionDescription, TopicDescription } from '@postlog/core';
import { filterTopics, reportTopics } from './topic-report.js';

const healthy: PartitionDescription = {
  partitionId: 0,
  leader: 1,
  leaderEpoch: 4,
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  offlineReplicas: [],
};
const topicOf = (...partitions: Partial<PartitionDescription>[]): TopicDescription => ({
  name: 'event',
  topicId: 'id',
  configEntries: [{ name: 'min.insync.replicas', value: '2' }],
  partitions: partitions.map((each, partitionId) => ({ ...healthy, partitionId, ...each })),
});

const LOST_ONE = { isr: [1, 3], offlineReplicas: [2] };
const LOST_TWO = { isr: [1], offlineReplicas: [2, 3], elr: [3] };
const LEADERLESS = { leader: -1, isr: [], elr: [1], offlineReplicas: [1, 2, 3] };
const MOVING = { replicas: [1, 2, 3, 4], addingReplicas: [4], removingReplicas: [2] };
const topics = [topicOf({}, LOST_ONE, LOST_TWO, LEADERLESS, MOVING)];

describe('the report on topics', () => {
  it('has Kafka’s own lines', () => {
    expect(reportTopics(topics).split('\n')).toEqual([
      'Topic: event\tTopicId: id\tPartitionCount: 5\tReplicationFactor: 3\tConfigs: min.insync.replicas=2',
      '\tTopic: event\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\tElr: N/A\tLastKnownElr: N/A',
      '\tTopic: event\tPartition: 1\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,3\tElr: N/A\tLastKnownElr: N/A',
      '\tTopic: event\tPartition: 2\tLeader: 1\tReplicas: 1,2,3\tIsr: 1\tElr: 3\tLastKnownElr: N/A',
      '\tTopic: event\tPartition: 3\tLeader: none\tReplicas: 1,2,3\tIsr: \tElr: 1\tLastKnownElr: N/A',
      '\tTopic: event\tPartition: 4\tLeader: 1\tReplicas: 1,2,3,4\tIsr: 1,2,3\tAdding Replicas: 4\tRemoving Replicas: 2\tElr: N/A\tLastKnownElr: N/A',
      '',
    ]);
  });

  it.each([
    [{ underReplicatedPartitions: true }, [1, 2, 3]],
    [{ underMinIsrPartitions: true }, [2, 3]],
    [{ atMinIsrPartitions: true }, [1]],
    [{ unavailablePartitions: true }, [3]],
    [{ atMinIsrPartitions: true, unavailablePartitions: true }, [1, 3]],
  ])('with %j shows only partitions %j, and no header', (filter, expected) => {
    const shown = reportTopics(topics, filter).trimEnd().split('\n');
    expect(shown.map((line) => Number(/Partition: (\d)/.exec(line)?.[1]))).toEqual(expected);
    expect(
      filterTopics(topics, filter).flatMap(({ partitions }) => partitions.map(({ partitionId }) => partitionId)),
    ).toEqual(expected);
  });

  it('counts a partition whose leader is dead as unavailable, and says nothing of healthy topics', () => {
    const dead = topicOf({ leader: 2, offlineReplicas: [2] });
    expect(reportTopics([dead, topicOf({})], { unavailablePartitions: true }).split('\n')).toHaveLength(2);
    expect(filterTopics([topicOf({})], { unavailablePartitions: true })).toEqual([]);
    expect(filterTopics([topicOf({})], {})).toHaveLength(1);
  });

  it('has no more in sync wanted than there are replicas', () => {
    expect(reportTopics([topicOf({ replicas: [1], isr: [1] })], { underMinIsrPartitions: true })).toBe('');
  });
});
