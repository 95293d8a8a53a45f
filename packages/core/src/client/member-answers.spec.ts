import { PostlogError } from '../errors/postlog-error.js';
import { isFenced, isHopeless, joined } from './member-answers.js';

describe('what a group answers a member', () => {
  it.each([
    ['FENCED_INSTANCE_ID', true, false],
    ['UNSUPPORTED_ASSIGNOR', true, false],
    ['INVALID_REGULAR_EXPRESSION', true, false],
    ['FENCED_MEMBER_EPOCH', false, true],
    ['UNKNOWN_MEMBER_ID', false, true],
    ['NOT_COORDINATOR', false, false],
  ] as const)('%s ends it for good: %s; makes it join anew: %s', (code, forGood, anew) => {
    const error = new PostlogError(code, 'x');
    expect([isHopeless(error), isFenced(error)]).toEqual([forGood, anew]);
  });

  it('is told by topic when it joins', () => {
    const places = [
      { topic: 'a', partition: 0 },
      { topic: 'b', partition: 1 },
      { topic: 'a', partition: 2 },
    ];
    expect(joined('g', 'm', places)).toEqual({ groupId: 'g', memberId: 'm', memberAssignment: { a: [0, 2], b: [1] } });
  });
});
