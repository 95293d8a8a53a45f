import { PostlogError } from '../errors/postlog-error.js';
import { offset } from '../record/offset.js';
import { hasLeaderMoved, truncated } from './fetch-errors.js';

const place = { topic: 'orders', partition: 3 };

describe('a reader whose records are gone', () => {
  it('is told which, and where it goes on', () => {
    const error = truncated(place, offset(100), { kind: 'lost', lostFrom: offset(80), goOnAt: offset(60) });
    expect(error.code).toBe('OFFSET_OUT_OF_RANGE');
    expect(error.message).toContain('orders-3 from offset 80 to 99');
    expect(error.message).toContain('goes on at 60');
  });

  it('is told the cure where it has to decide by itself', () => {
    expect(truncated(place, offset(9), { kind: 'refused', lostFrom: offset(7) }).message).toContain('resetOffsets');
    expect(truncated(place, offset(9), { kind: 'refused', lostFrom: undefined }).message).toContain('nobody knows');
  });

  it('is told when nobody knows what is gone', () => {
    expect(truncated(place, offset(9), { kind: 'diverged' }).message).toContain('autoOffsetReset');
  });
});

describe('a failover', () => {
  it('is told from errors that somebody should hear of', () => {
    expect(hasLeaderMoved(new PostlogError('NOT_LEADER_OR_FOLLOWER', 'x'))).toBe(true);
    expect(hasLeaderMoved(new PostlogError('CORRUPT_MESSAGE', 'x'))).toBe(false);
    expect(hasLeaderMoved(new Error('x'))).toBe(false);
  });
});
