import type { ParkedRecords } from '../broker/parked-records.js';
import { offset } from '../record/offset.js';
import { silentLogger } from '../runtime/logger.js';
import { manualClock } from '../testing/manual-clock.js';
import type { AssignedPartition } from './assigned-partition.js';
import { Parking } from './parking.js';

const EARLY_MS = 0.6;
const DUE_MS = 100;

/** What is parked of a partition: one record, which is due in a while. */
const parked = {
  list: () =>
    Promise.resolve([
      { partitionId: 1, offset: offset(0), key: Buffer.from('k'), attempts: 1, dueInMs: DUE_MS, isDiscarded: false },
    ]),
} as unknown as ParkedRecords;
const partition = { partitionId: 1, committedOffset: offset(1), isReleased: false } as AssignedPartition;

describe('a parked record', () => {
  it('has its turn also when the timer fires a moment early', async () => {
    const time = manualClock();
    const clock = { ...time, after: (ms: number, run: () => void) => time.after(ms - EARLY_MS, run) };
    let turns = 0;
    const parking = new Parking({
      parked,
      clock,
      groupId: 'g',
      memberId: () => 'm',
      logger: silentLogger,
      wake: () => (turns += 1),
    } as unknown as ConstructorParameters<typeof Parking>[0]);
    await parking.turn(
      partition,
      () => Promise.resolve(),
      () => false,
    );
    time.advance(DUE_MS - EARLY_MS);
    expect([parking.isDue(partition), turns]).toEqual([false, 0]);
    time.advance(EARLY_MS);
    expect([parking.isDue(partition), turns]).toEqual([true, 1]);
  });
});
