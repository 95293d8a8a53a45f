import { partitionsOf, report, settledGroup } from './group.cases.js';
import { resolveSubscriptions } from './subscriptions.js';

const partitions = partitionsOf({ 'log.a': 1, 'log.b': 1, t: 1, other: 1 });
const group = settledGroup('x', 'y');
const withPattern = (memberId: string, topicPattern: string) => ({
  ...group,
  members: group.members.map((member) => (member.memberId === memberId ? { ...member, topicPattern } : member)),
});

describe('subscriptions by pattern', () => {
  it('become names for everybody at once, and leave out what nobody wants', () => {
    const resolved = resolveSubscriptions(
      withPattern('x', '/^log/'),
      report('z', 0, [], [], { topicPattern: '/b$/' }),
      partitions,
    );
    expect(resolved.group.members.map(({ topics }) => topics)).toEqual([['log.a', 'log.b', 't'], ['t']]);
    expect(resolved.report.topics).toEqual(['log.b']);
    expect(resolved.partitions.map(({ topic }) => topic)).toEqual(['log.a', 'log.b', 't']);
  });

  it('leave out what no pattern may match', () => {
    const everything = report('z', 0, [], ['log.b'], { topicPattern: '/./' });
    const resolved = resolveSubscriptions(group, everything, partitions, (topic) => !topic.startsWith('log'));
    expect(resolved.report.topics).toEqual(['log.b', 'other', 't']);
  });

  it('without a pattern stay as they are', () => {
    const plain = report('z', 0, [], ['t']);
    expect(resolveSubscriptions(group, plain, partitions)).toEqual({ group, report: plain, partitions });
  });

  it('that cannot be read fail their own member only', () => {
    const broken = withPattern('x', '/(/');
    const theirs = resolveSubscriptions(broken, report('y', 1, [], ['t']), partitions);
    expect(theirs.group.members[0]!.topics).toEqual(['t']);
    expect(() => resolveSubscriptions(broken, report('x', 1, [], [], { topicPattern: '/(/' }), partitions)).toThrow(
      expect.objectContaining({ code: 'INVALID_REGULAR_EXPRESSION' }) as Error,
    );
  });
});
