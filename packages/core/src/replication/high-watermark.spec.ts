import fc from 'fast-check';
import { offset } from '../record/offset.js';
import { HIGH_WATERMARK_CASES } from './high-watermark.cases.js';
import { nextHighWatermark } from './high-watermark.js';

describe('the high watermark, decided in TypeScript', () => {
  it.each(HIGH_WATERMARK_CASES)('$title', ({ input, expected }) => {
    expect(nextHighWatermark(input)).toBe(expected);
  });

  it('never passes the log end of a member of the maximal ISR, nor the leader’s', () => {
    const members = fc.subarray([1, 2, 3, 4]);
    const ends = fc.array(fc.record({ end: fc.integer({ min: -1, max: 20 }), ago: fc.nat(60_000) }), {
      minLength: 3,
      maxLength: 3,
    });
    fc.assert(
      fc.property(members, fc.option(members), ends, fc.nat(20), (isr, pendingIsr, known, end) => {
        const followers = known.map((each, at) => ({
          brokerId: at + 2,
          logEndOffset: offset(each.end),
          caughtUpAgoMs: each.ago,
        }));
        const next = nextHighWatermark({
          current: offset(0),
          logEndOffset: offset(end),
          leader: 1,
          replicas: [1, 2, 3, 4],
          isr: [1, ...isr],
          pendingIsr,
          minIsr: 1,
          followers,
          replicaLagTimeMaxMs: 30_000,
        });
        const counted = followers.filter(({ brokerId }) => [...isr, ...(pendingIsr ?? [])].includes(brokerId));
        for (const { logEndOffset } of counted) expect(next).toBeLessThanOrEqual(logEndOffset < 0n ? 0n : logEndOffset);
        expect(next).toBeLessThanOrEqual(BigInt(end));
      }),
    );
  });
});
