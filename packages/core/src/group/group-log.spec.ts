import type { Message } from '../record/messages.js';
import {
  groupGoneMessage,
  groupMessage,
  offsetMessage,
  readGroupLog,
  snapshotMessages,
  type GroupRecord,
  type OffsetRecord,
} from './group-log.js';

const group = (groupId: string, groupEpoch: number): GroupRecord => ({
  groupId,
  version: String(groupEpoch),
  groupEpoch,
  assignmentEpoch: groupEpoch,
  changedAt: 1_000,
  createdEpoch: 900,
  members: [],
  owned: [{ partitionId: 3, owner: 'm', ownerEpoch: groupEpoch }],
});
const committed = (
  groupId: string,
  partitionId: number,
  offset: number,
  resetEpoch: number | null = 5_000 + offset,
): OffsetRecord => ({
  groupId,
  partitionId,
  offset: String(offset),
  leaderEpoch: 2,
  metadata: 'note',
  committedAt: 5_000,
  resetEpoch,
});
/** A log whose first record has the offset `from`. */
const log = (messages: readonly Message[], from = 0) =>
  messages.map(({ key, value }, index) => ({
    key: Buffer.from(String(key)),
    value: value == null ? null : Buffer.from(String(value)),
    offset: String(from + index),
  }));

describe('the log of groups', () => {
  it('says of each group, and of each offset, what its newest record says', () => {
    const content = readGroupLog(
      log([
        groupMessage(group('a', 1)),
        offsetMessage(committed('a', 3, 10)),
        groupMessage(group('b', 7)),
        groupMessage(group('a', 2)),
        offsetMessage(committed('a', 3, 20)),
        offsetMessage(committed('a', 4, 5)),
      ]),
    );
    expect(content.groups).toEqual([group('b', 7), group('a', 2)]);
    expect(content.offsets).toEqual([committed('a', 3, 20), committed('a', 4, 5)]);
  });

  it.each<[string, readonly (number | null)[], number]>([
    ['stays while commits follow a claim', [5_000, null, null], 5_000],
    ['is nothing where all of them do', [null, null], 0],
    ['rises with each other commit, also when a clock went back', [5_000, 4_000, null, 5_001], 5_002],
  ])('the reset epoch of an offset %s', (_, epochs, last) => {
    const records = epochs.map((epoch, index) => offsetMessage(committed('a', 3, index, epoch)));
    expect(readGroupLog(log([groupMessage(group('a', 1)), ...records])).offsets).toEqual([
      committed('a', 3, epochs.length - 1, last),
    ]);
  });

  it('forgets a group that was deleted, with its offsets, and knows one that comes again', () => {
    const gone = [groupMessage(group('a', 1)), offsetMessage(committed('a', 3, 10)), groupGoneMessage('a')];
    expect(readGroupLog(log(gone))).toEqual({ groups: [], offsets: [] });
    const again = readGroupLog(log([...gone, groupMessage(group('a', 9))]));
    expect(again).toEqual({ groups: [group('a', 9)], offsets: [] });
  });

  it('knows a group that was only ever committed to from outside', () => {
    const { groups } = readGroupLog(log([offsetMessage(committed('tool', 1, 4))]));
    expect(groups).toMatchObject([{ groupId: 'tool', members: [], groupEpoch: 0, changedAt: 5_000 }]);
  });

  it('may begin at a snapshot: what was written while it was taken counts above it, in whatever order they stand', () => {
    const early = [groupMessage(group('a', 1)), offsetMessage(committed('a', 3, 10)), groupMessage(group('b', 1))];
    const asOf = early.length;
    const meanwhile = [offsetMessage(committed('a', 3, 11)), groupGoneMessage('b')];
    const snapshot = snapshotMessages(readGroupLog(log(early)), BigInt(asOf), 2);
    expect(snapshot).toHaveLength(2);
    const later = [groupMessage(group('a', 5))];
    const whole = readGroupLog(log([...early, ...meanwhile, ...snapshot, ...later]));
    expect(readGroupLog(log([...meanwhile, ...snapshot, ...later], asOf))).toEqual(whole);
    expect(whole.groups).toEqual([group('a', 5)]);
    expect(whole.offsets).toEqual([committed('a', 3, 11)]);
  });

  it('does not count a snapshot that lacks a part', () => {
    const records = [groupMessage(group('a', 1)), groupMessage(group('b', 1))];
    const [first] = snapshotMessages({ groups: [group('x', 9), group('y', 9)], offsets: [] }, 2n, 1);
    expect(readGroupLog(log([...records, first!])).groups).toEqual([group('a', 1), group('b', 1)]);
  });
});
