import { PostlogError } from '../errors/postlog-error.js';
import { offset } from '../record/offset.js';
import { lagOf } from './committed-lag.js';

const committedAt = (at: number) => ({
  partitionId: 1,
  committedOffset: offset(at),
  leaderEpoch: 0,
  metadata: null,
  resetEpoch: 0,
});
const ends = {
  partitionId: 1,
  role: 'leader' as const,
  leaderEpoch: 0,
  epochStartOffset: offset(0),
  logStartOffset: offset(3),
  logEndOffset: offset(12),
  highWatermark: offset(10),
  isrSize: 1,
  minIsr: 1,
};

describe('lag', () => {
  it.each<[string, Parameters<typeof lagOf>[0], Parameters<typeof lagOf>[1], string]>([
    ['counts what is not committed', committedAt(4), ends, '6'],
    ['is nothing at the high watermark', committedAt(10), ends, '0'],
    ['is never negative, whatever became of the log', committedAt(12), ends, '0'],
    ['of a group that never committed is the whole log', undefined, ends, '7'],
    [
      'is unknown while nobody leads the partition',
      committedAt(4),
      new PostlogError('LEADER_NOT_AVAILABLE', 'x'),
      '-1',
    ],
    ['is unknown of a partition that its leader does not have', committedAt(4), undefined, '-1'],
  ])('%s', (_, committed, log, lag) => {
    expect(lagOf(committed, log)).toBe(lag);
  });
});
