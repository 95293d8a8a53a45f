import fc from 'fast-check';
import { offset } from '../record/offset.js';
import { APPEND_EPOCH_CASES, DIVERGENCE_CASES, END_OF_EPOCH_CASES, epochs } from './leader-epochs.cases.js';
import {
  appendEpoch,
  divergence,
  endOfEpoch,
  lastEpochOf,
  startOfEpoch,
  truncateEpochs,
  truncationPoint,
} from './leader-epochs.js';
import type { EpochStart } from './replica-store.js';

interface Log {
  readonly epochs: readonly EpochStart[];
  readonly logEndOffset: ReturnType<typeof offset>;
}

/** Asks the leader and cuts until both agree; says what the first answer was. */
function settle(leader: Log, follower: Log) {
  let log = follower;
  let first: ReturnType<typeof divergence>;
  for (let round = 0; round < 20; round += 1) {
    const answer = divergence(leader, log.logEndOffset, lastEpochOf(log.epochs, log.logEndOffset));
    if (round === 0) first = answer;
    if (answer === undefined) return { first, log };
    const to = truncationPoint(log, answer);
    expect(to).toBeLessThan(log.logEndOffset);
    log = { epochs: truncateEpochs(log.epochs, to), logEndOffset: to };
  }
  throw new Error('The logs never agreed.');
}

/** A log given as the epoch of each record. */
const logOf = (records: readonly number[]): Log => ({
  epochs: records.reduce<readonly EpochStart[]>((list, epoch, at) => appendEpoch(list, epoch, offset(at)), []),
  logEndOffset: offset(records.length),
});

describe('where epochs begin', () => {
  it.each(APPEND_EPOCH_CASES)('$title', ({ epochs: before, epoch, startOffset, expected }) => {
    expect(appendEpoch(before, epoch, offset(startOffset))).toEqual(expected);
  });

  it('is known of each epoch', () => {
    expect(startOfEpoch(epochs([1, 0], [3, 4]), 3)).toBe(4n);
    expect(startOfEpoch(epochs([1, 0]), 3)).toBe(0n);
  });
});

describe('where epochs end', () => {
  it.each(END_OF_EPOCH_CASES)('$title', ({ epochs: list, logEndOffset, epoch, expected }) => {
    expect(endOfEpoch(list, offset(logEndOffset), epoch)).toEqual(expected);
  });
});

describe('two logs', () => {
  it.each(DIVERGENCE_CASES)('$title', ({ leader, leaderEnd, follower, followerEnd, expected, cutTo }) => {
    const { first, log } = settle(
      { epochs: leader, logEndOffset: offset(leaderEnd) },
      { epochs: follower, logEndOffset: offset(followerEnd) },
    );
    expect(first).toEqual(expected);
    expect(log.logEndOffset).toBe(BigInt(cutTo));
  });

  it('part where a follower without records stands beyond the leader’s end', () => {
    expect(divergence(logOf([1, 1]), offset(5), -1)).toEqual({ epoch: -1, endOffset: 2n });
  });

  it('agree in the end on exactly what they have in common', () => {
    // Each epoch has one leader, so what two logs have of one epoch begins alike: they branch only between epochs.
    const tail = (from: number) =>
      fc
        .array(fc.integer({ min: from, max: from + 8 }), { maxLength: 8 })
        .map((list) => list.map((epoch) => 2 * epoch).sort((a, b) => a - b));
    const shared = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 8 }).map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(shared, tail(3), tail(3), (common, mine, other) => {
        const leader = [...common, ...mine];
        const follower = [...common, ...other.map((epoch) => epoch + 1)];
        const { log } = settle(logOf(leader), logOf(follower));
        expect(log).toEqual(logOf(common));
      }),
    );
  });
});
