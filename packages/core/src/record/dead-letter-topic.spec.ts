import { deadLetterTopic, isDeadLetterTopicOf } from './dead-letter-topic.js';

describe('the topic of dead letters', () => {
  it('is named for the topic and the group', () => {
    expect(deadLetterTopic('orders', 'billing')).toBe('orders.dlq.billing');
  });

  it.each([
    ['a space', 'orders', 'the billing'],
    ['a letter that topics cannot have', 'orders', 'größe'],
    ['too many characters', 'o'.repeat(200), 'b'.repeat(45)],
  ])('is refused when its name would have %s', (_, topic, group) => {
    expect(() => deadLetterTopic(topic, group)).toThrow(
      expect.objectContaining({ code: 'INVALID_TOPIC_EXCEPTION', message: expect.stringContaining('use a groupId') }),
    );
  });

  it('may be as long as any topic', () => {
    expect(deadLetterTopic('o'.repeat(200), 'b'.repeat(44))).toHaveLength(249);
  });

  it('is known as the own one of a group', () => {
    expect(isDeadLetterTopicOf('billing', 'orders.dlq.billing')).toBe(true);
    expect(isDeadLetterTopicOf('shipping', 'orders.dlq.billing')).toBe(false);
    expect(isDeadLetterTopicOf('billing', 'billing')).toBe(false);
  });
});
