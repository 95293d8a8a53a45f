import { checkSubscription } from './consumer-options.js';
import { ConsumerSubscription } from './consumer-subscription.js';

const of = (topics: readonly (string | RegExp)[], fromBeginning?: boolean) =>
  checkSubscription(fromBeginning === undefined ? { topics } : { topics, fromBeginning });

describe('a subscription', () => {
  it('says where each topic begins: by its name, by its pattern, else as the consumer does', () => {
    const subscription = new ConsumerSubscription('none');
    subscription.add(of(['a'], true));
    subscription.add(of([/^log/], false));
    subscription.add(of(['b']));
    expect(['a', 'log.x', 'b', 'other'].map((topic) => subscription.resetFor(topic))).toEqual([
      'earliest',
      'latest',
      'none',
      'none',
    ]);
  });

  it('joins patterns into one', () => {
    const subscription = new ConsumerSubscription('latest');
    expect(subscription.topicPattern).toBeNull();
    subscription.add(of([/^a/]));
    expect(subscription.topicPattern).toBe('/^a/');
    subscription.add(of([/b$/]));
    expect(subscription.topicPattern).toBe('/(?:^a)|(?:b$)/');
    expect(() => subscription.add(of([/c/i]))).toThrow('same flags');
  });

  it('loses what is taken out, and nothing else', () => {
    const subscription = new ConsumerSubscription('latest');
    subscription.add(of(['a', 'b', /^c/]));
    subscription.remove(of(['a', /^c/]));
    expect(subscription.topics).toEqual(['b']);
    expect(subscription.topicPattern).toBeNull();
    expect(() => subscription.remove(of(['a']))).toThrow('does not subscribe to a');
    subscription.remove(of(['b']));
    expect(subscription.isEmpty).toBe(true);
  });
});
