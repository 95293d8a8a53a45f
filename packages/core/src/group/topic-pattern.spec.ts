import { matchTopics, writeTopicPattern } from './topic-pattern.js';

const refused = expect.objectContaining({ code: 'INVALID_REGULAR_EXPRESSION' }) as Error;

describe('a topic pattern', () => {
  it('matches as JavaScript does, flags and all, but no internal topics', () => {
    const topics = ['orders', 'orders.dlq', 'ORDERS', '__consumer_offsets', 'mails'];
    expect(matchTopics(writeTopicPattern(/^orders/), topics)).toEqual(['orders', 'orders.dlq']);
    expect(matchTopics(writeTopicPattern(/^orders$/i), topics)).toEqual(['orders', 'ORDERS']);
    expect(matchTopics(writeTopicPattern(/./), topics)).not.toContain('__consumer_offsets');
    expect(matchTopics(writeTopicPattern(/a\/b|mails/gy), topics)).toEqual(['mails']);
  });

  it('that backtracks without end is stopped', () => {
    const evil = writeTopicPattern(/^(a+)+$/);
    expect(() => matchTopics(evil, [`${'a'.repeat(200)}!`])).toThrow(refused);
  });

  it.each(['/(/', '/a/zz'])('%s cannot be read', (pattern) => {
    expect(() => matchTopics(pattern, ['a'])).toThrow(refused);
  });

  it('is not longer than it need be', () => {
    expect(() => writeTopicPattern(new RegExp('x'.repeat(2_000)))).toThrow(refused);
  });
});
