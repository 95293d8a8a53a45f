import { checkMinInsyncReplicas, checkPartition, checkPartitionCount, checkReplicationFactor } from './check-topic.js';

const NO_NUMBERS = [-1, 1.5, Number.NaN, Infinity, -Infinity, '1', 1n, null, undefined, {}, [1], new Number(1)];
const coded = (code: string) => expect.objectContaining({ name: 'PostlogError', code });

describe('checkPartitionCount', () => {
  it.each([1, 12, 10_000])('accepts %d', (count) => {
    expect(checkPartitionCount(count)).toBe(count);
  });

  it.each([...NO_NUMBERS, 0, 10_001, 1_000_001])('refuses %p', (count) => {
    expect(() => checkPartitionCount(count)).toThrow(coded('INVALID_PARTITIONS'));
  });
});

describe('checkPartition', () => {
  it.each([0, 7, 2 ** 31 - 1])('accepts %d', (partition) => {
    expect(checkPartition(partition)).toBe(partition);
  });

  it.each([...NO_NUMBERS, '0', 2 ** 31])('refuses %p', (partition) => {
    expect(() => checkPartition(partition)).toThrow(coded('INVALID_PARTITIONS'));
  });
});

describe('checkReplicationFactor', () => {
  it('accepts up to one copy on each broker', () => {
    expect(checkReplicationFactor(3, 3)).toBe(3);
    expect(checkReplicationFactor(3)).toBe(3);
  });

  it.each([...NO_NUMBERS, 0, 40_000])('refuses %p', (factor) => {
    expect(() => checkReplicationFactor(factor, 3)).toThrow(coded('INVALID_REPLICATION_FACTOR'));
  });

  it('refuses more copies than brokers', () => {
    expect(() => checkReplicationFactor(2, 1)).toThrow(
      'the cluster has 1 broker; give a smaller number or add brokers.',
    );
  });
});

describe('checkMinInsyncReplicas', () => {
  it('accepts up to the replication factor, refuses more', () => {
    expect(() => checkMinInsyncReplicas(3, 3)).not.toThrow();
    expect(() => checkMinInsyncReplicas(4, 3)).toThrow(coded('INVALID_CONFIG'));
  });
});
