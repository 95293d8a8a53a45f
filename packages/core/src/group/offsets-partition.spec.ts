import { offsetsPartitionOf } from './offsets-partition.js';

describe('the partition that a group is kept in', () => {
  // Math.abs would answer -2147483648 for the last one, whose hash is the smallest there is.
  it.each([
    ['', 50, 0],
    ['a', 50, 47],
    ['billing', 50, ('billing'.split('').reduce((hash, c) => (hash * 31 + c.charCodeAt(0)) | 0, 0) & 0x7fffffff) % 50],
    ['polygenelubricants', 50, 0],
  ])('is Kafka’s: %j of %i is %i', (groupId, partitions, expected) => {
    expect(offsetsPartitionOf(groupId, partitions)).toBe(expected);
  });
});
