import fc from 'fast-check';
import { offset } from '../record/offset.js';
import { checkPosition, type PositionToCheck, type PositionVerdict } from './position-check.js';

const check = (other: Partial<PositionToCheck>) =>
  checkPosition({
    position: offset(100),
    resolved: offset(100),
    lastEpoch: 4,
    end: { epoch: 4, endOffset: offset(100) },
    logStartOffset: offset(0),
    reset: 'latest',
    ...other,
  });
const endAt = (endOffset: number, epoch = 4) => ({ end: { epoch, endOffset: offset(endOffset) } });

describe('a reader under a new leader', () => {
  it.each<[string, Partial<PositionToCheck>, PositionVerdict]>([
    ['goes on when the leader has its last record and no more of that epoch', endAt(100), { kind: 'valid' }],
    ['goes on when the leader has more of that epoch', endAt(150), { kind: 'valid' }],
    [
      'goes back to the first record that is gone',
      endAt(80),
      { kind: 'lost', lostFrom: offset(80), goOnAt: offset(80) },
    ],
    [
      'goes back no further than that also when it has another epoch to offer',
      endAt(80, 2),
      { kind: 'lost', lostFrom: offset(80), goOnAt: offset(80) },
    ],
    [
      'goes back to what is not handled, when that is before what is gone',
      { ...endAt(80), resolved: offset(60) },
      { kind: 'lost', lostFrom: offset(80), goOnAt: offset(60) },
    ],
    [
      'begins at the start of a log that lost everything',
      endAt(0, -1),
      { kind: 'lost', lostFrom: offset(0), goOnAt: offset(0) },
    ],
    [
      'is refused where the user wants to be asked',
      { ...endAt(80), reset: 'none' },
      { kind: 'refused', lostFrom: offset(80) },
    ],
    ['knows that another record stands before it, and not since where', endAt(150, 3), { kind: 'diverged' }],
    [
      'is refused there too where the user wants to be asked',
      { ...endAt(150, 3), reset: 'none' },
      { kind: 'refused', lostFrom: undefined },
    ],
    [
      'goes on at a log start before which epochs are forgotten',
      { ...endAt(100, -1), logStartOffset: offset(100) },
      { kind: 'valid' },
    ],
    [
      'leaves it to the fetch to say that its offset is before the log start',
      { ...endAt(120, -1), logStartOffset: offset(120) },
      { kind: 'valid' },
    ],
  ])('%s', (_, place, verdict) => {
    expect(check(place)).toEqual(verdict);
  });

  it('never goes on beyond what the leader has, nor beyond what is handled', () => {
    const numbers = fc.bigInt(0n, 50n).map(offset);
    fc.assert(
      fc.property(numbers, numbers, numbers, (position, resolved, endOffset) => {
        const verdict = check({ position, resolved, end: { epoch: 4, endOffset } });
        if (verdict.kind !== 'lost') return position <= endOffset;
        return verdict.goOnAt <= endOffset && verdict.goOnAt <= resolved && endOffset < position;
      }),
    );
  });
});
