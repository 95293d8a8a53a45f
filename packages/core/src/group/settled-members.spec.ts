import { report } from './group.cases.js';
import { SettledMembers } from './settled-members.js';

const settled = (memberId: string, owned: readonly number[]) => ({
  version: 1n,
  metadataVersion: 1n,
  answer: { memberEpoch: 3, assignment: [], state: 'UnrevokedPartitions' as const },
  owned: new Set(owned),
  report: report(memberId, 2, []),
});

describe('a member whose group stands still', () => {
  const members = new SettledMembers();
  members.set('a', settled('a', [1, 2]));

  it.each([
    ['reports what the group knows', report('a', 3, [2, 1]), true],
    ['is not known', report('b', 3, [1, 2]), false],
    ['is at another epoch', report('a', 2, [1, 2]), false],
    ['has given something up', report('a', 3, [1]), false],
    ['holds something else', report('a', 3, [1, 3]), false],
    ['subscribes to something else', report('a', 3, [1, 2], ['u']), false],
    ['waits differently long', { ...report('a', 3, [1, 2]), sessionTimeoutMs: 5 }, false],
    ['is called otherwise', { ...report('a', 3, [1, 2]), clientId: 'other' }, false],
  ])('has to be looked at unless it says nothing new: it %s', (_title, heartbeat, isUnchanged) => {
    expect(members.unchanged(heartbeat) !== undefined).toBe(isUnchanged);
  });

  it('is forgotten when it leaves, and when ten thousand others came after it', () => {
    const many = new SettledMembers();
    for (let index = 0; index <= 10_000; index++) many.set(`m${index}`, settled(`m${index}`, []));
    many.delete('m7');
    const isKnown = (memberId: string) => many.unchanged(report(memberId, 3)) !== undefined;
    expect(['m0', 'm1', 'm7', 'm10000'].map(isKnown)).toEqual([false, true, false, true]);
  });
});
