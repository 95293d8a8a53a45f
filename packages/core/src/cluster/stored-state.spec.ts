import { PostlogError } from '../errors/postlog-error.js';
import { partitionOf, registeredBroker, topicOf } from './cluster.cases.js';
import { readBroker, readCluster, readPartitionId, readTopic } from './stored-state.js';

const entryOf = (key: string, value: unknown) => ({ key, value: JSON.stringify(value), revision: 7n });
const topic = topicOf([partitionOf(), partitionOf({ partition: 1, partitionId: 71, leader: null, elr: [2] })]);
const broker = registeredBroker(1);

describe('what the metadata store holds', () => {
  it('is read as it was written', () => {
    expect(readTopic(entryOf('topics/orders', topic))).toEqual(topic);
    expect(readBroker(entryOf('brokers/1', broker))).toEqual(broker);
    expect(readPartitionId(entryOf('counters/partitionId', 12))).toBe(12);
    expect(readCluster(entryOf('cluster', { clusterId: 'c', createdAt: 'now' }))).toEqual({
      clusterId: 'c',
      createdAt: 'now',
    });
  });

  it('keeps what a newer version added', () => {
    expect(readTopic(entryOf('topics/orders', { ...topic, colour: 'red' }))).toMatchObject({ colour: 'red' });
  });

  const inPartition = (changes: object) => ({
    ...topic,
    partitions: [partitionOf(), { ...partitionOf(), partition: 1, ...changes }],
  });
  it.each([
    ['topics/orders', 'hello', 'it is no such value'],
    ['topics/orders', null, 'it is no such value'],
    ['topics/orders', { ...topic, topicId: undefined }, 'topicId is wrong'],
    ['topics/orders', { ...topic, config: { 'min.insync.replicas': 2 } }, 'config is wrong'],
    ['topics/orders', { ...topic, replicationFactor: 0 }, 'replicationFactor is wrong'],
    ['topics/orders', { ...topic, partitions: {} }, 'partitions is wrong'],
    ['topics/payments', topic, 'topic is wrong'],
    ['topics/orders', inPartition({ partition: 2 }), 'partitions[1].partition is wrong'],
    ['topics/orders', inPartition({ leader: '1' }), 'partitions[1].leader is wrong'],
    ['topics/orders', inPartition({ leaderEpoch: -1 }), 'partitions[1].leaderEpoch is wrong'],
    ['topics/orders', inPartition({ partitionEpoch: 1.5 }), 'partitions[1].partitionEpoch is wrong'],
    ['topics/orders', inPartition({ isr: [1, null] }), 'partitions[1].isr[1] is wrong'],
    ['topics/orders', inPartition({ isRecovering: 0 }), 'partitions[1].isRecovering is wrong'],
  ])('names what is malformed: %s, %j', (key, value, what) => {
    expect(() => readTopic(entryOf(key, value))).toThrow(`metadata entry ${key} is malformed (${what})`);
  });

  it.each([
    ['brokers/2', broker, 'brokerId is wrong'],
    ['brokers/1', { ...broker, state: 'dead' }, 'state is wrong'],
    ['brokers/1', { ...broker, rack: undefined }, 'rack is wrong'],
    ['brokers/1', { ...broker, identity: { ...broker.identity, flushedWal: '0/16' } }, 'identity.flushedWal is wrong'],
  ])('names what is malformed in a broker: %s, %j', (key, value, what) => {
    expect(() => readBroker(entryOf(key, value))).toThrow(`metadata entry ${key} is malformed (${what})`);
  });

  it('is an error of ours where it is no JSON', () => {
    const read = () => readPartitionId({ key: 'counters/partitionId', value: '{', revision: 1n });
    expect(read).toThrow(PostlogError);
    expect(read).toThrow('counters/partitionId is malformed');
    expect(() => readPartitionId(entryOf('counters/partitionId', 0))).toThrow('malformed');
  });
});
