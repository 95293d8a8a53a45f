import { offset } from '../record/offset.js';
import { acksOutcome, type AcksWait } from './acks-outcome.js';

const wait = (other: Partial<AcksWait> = {}): AcksWait => ({
  requiredOffset: offset(10),
  highWatermark: offset(9),
  isrSize: 2,
  minIsr: 2,
  appendedEpoch: 4,
  leaderEpoch: 4,
  ...other,
});

describe('a producer that waits for all in-sync replicas', () => {
  it('waits while the high watermark is at or below its last record', () => {
    expect(acksOutcome(wait())).toBe('wait');
  });

  it('has its answer when the high watermark has passed its last record', () => {
    expect(acksOutcome(wait({ highWatermark: offset(10) }))).toBe('stored');
  });

  it.each([9, 10])('hears that too few are in sync, with the high watermark at %d of 10', (mark) => {
    const outcome = acksOutcome(wait({ highWatermark: offset(mark), isrSize: 1 }));
    expect(outcome).toBe('NOT_ENOUGH_REPLICAS_AFTER_APPEND');
  });

  it.each([5, null])(
    'does not trust a high watermark of leader epoch %s, for its records may be others',
    (leaderEpoch) => {
      expect(acksOutcome(wait({ highWatermark: offset(99), leaderEpoch }))).toBe('NOT_LEADER_OR_FOLLOWER');
    },
  );
});
