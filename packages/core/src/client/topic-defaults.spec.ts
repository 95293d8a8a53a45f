import { withReplication } from './topic-defaults.js';

const given = (replicationFactor: number | undefined, brokers: number, config: Record<string, string> = {}) => {
  const made = withReplication({ replicationFactor, config: new Map(Object.entries(config)) }, brokers);
  return [made.replicationFactor, made.config.get('min.insync.replicas')];
};

describe('a new topic', () => {
  it.each([
    ['has one replica where there is one broker', given(undefined, 1), [1, undefined]],
    ['has two replicas where there are two', given(undefined, 2), [2, undefined]],
    ['has three replicas where there are three, two of them in sync at least', given(undefined, 3), [3, '2']],
    ['has no more than three where there are many', given(undefined, 9), [3, '2']],
    ['has as many as was asked for', given(1, 3), [1, undefined]],
    ['is strict with more than three too', given(5, 5), [5, '2']],
    ['demands what its maker says', given(3, 3, { 'min.insync.replicas': '1' }), [3, '1']],
  ])('%s', (_, made, expected) => {
    expect(made).toEqual(expected);
  });
});
