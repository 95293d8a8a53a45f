import { topicPartitionKey } from './topic-partition.js';

describe('topicPartitionKey', () => {
  it('differs for every pair, since no topic holds a colon', () => {
    expect(topicPartitionKey({ topic: 'orders-1', partition: 11 })).toBe('orders-1:11');
  });
});
