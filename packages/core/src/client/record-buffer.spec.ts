import { offset } from '../record/offset.js';
import { manualClock } from '../testing/manual-clock.js';
import type { FetchedRecords } from './fetched-records.js';
import { ReadAhead } from './read-ahead.js';
import { RecordBuffer, type Gathering } from './record-buffer.js';

/** A fetch that brought records from one offset up to another, ten bytes. */
function fetched(from: number, to: number, leaderEpoch = 0): FetchedRecords {
  const messages = Array.from({ length: to - from }, (_, index) => ({ offset: String(from + index) }));
  return {
    messages: messages as FetchedRecords['messages'],
    highWatermark: offset(BigInt(to)),
    bytes: 10,
    nextOffset: offset(BigInt(to)),
    leaderEpoch,
  };
}

const offsetsOf = (taken: FetchedRecords | undefined) => taken?.messages.map((message) => message.offset);

function bufferWith(gathering: Gathering | undefined) {
  const clock = manualClock();
  const readAhead = new ReadAhead(1_000);
  let due = 0;
  const buffer = new RecordBuffer({ gathering, clock, readAhead, onDue: () => (due += 1) });
  return { buffer, clock, readAhead, dueTimes: () => due };
}

describe('what was read and waits for its handler', () => {
  it('goes as one fetch brought it where nobody waits for more', () => {
    const { buffer } = bufferWith(undefined);
    expect([buffer.isFull, buffer.isReady]).toEqual([false, false]);
    buffer.push(fetched(0, 2));
    buffer.push(fetched(2, 3));
    expect([buffer.isFull, buffer.isReady]).toEqual([true, true]);
    expect(offsetsOf(buffer.take())).toEqual(['0', '1']);
    expect(offsetsOf(buffer.take())).toEqual(['2']);
    expect([buffer.take(), buffer.isEmpty]).toEqual([undefined, true]);
  });

  it('goes together once there is enough', () => {
    const { buffer } = bufferWith({ records: 3, waitMs: 50 });
    buffer.push(fetched(0, 2));
    expect([buffer.isFull, buffer.isReady]).toEqual([false, false]);
    buffer.push(fetched(2, 4));
    expect([buffer.isFull, buffer.isReady]).toEqual([true, true]);
    const taken = buffer.take()!;
    expect([offsetsOf(taken), taken.nextOffset, taken.bytes]).toEqual([['0', '1', '2', '3'], 4n, 20]);
  });

  it('waits no longer than it may, from the first record on', () => {
    const { buffer, clock, dueTimes } = bufferWith({ records: 9, waitMs: 50 });
    buffer.push(fetched(0, 1));
    clock.advance(40);
    buffer.push(fetched(1, 2));
    expect([buffer.isReady, dueTimes()]).toEqual([false, 0]);
    clock.advance(10);
    expect([buffer.isReady, dueTimes()]).toEqual([true, 1]);
    expect(offsetsOf(buffer.take())).toEqual(['0', '1']);
    buffer.push(fetched(2, 3));
    expect(buffer.isReady).toBe(false);
  });

  it('never mixes what leaders of two epochs wrote; what stays behind waits anew', () => {
    const { buffer, clock } = bufferWith({ records: 2, waitMs: 50 });
    buffer.push(fetched(0, 1, 4));
    buffer.push(fetched(1, 2, 5));
    expect(offsetsOf(buffer.take())).toEqual(['0']);
    expect(buffer.isReady).toBe(false);
    clock.advance(50);
    expect(offsetsOf(buffer.take())).toEqual(['1']);
  });

  it('takes back what was not handled, which waits for others unless its handler failed', () => {
    const { buffer, clock } = bufferWith({ records: 4, waitMs: 50 });
    buffer.push(fetched(0, 5));
    const taken = buffer.take()!;
    buffer.putBack(taken, offset(3n), false);
    expect(buffer.isReady).toBe(false);
    clock.advance(50);
    expect(offsetsOf(buffer.take())).toEqual(['3', '4']);
    buffer.putBack(taken, offset(4n), true);
    expect([buffer.isReady, offsetsOf(buffer.take())]).toEqual([true, ['4']]);
    buffer.putBack(taken, offset(5n), true);
    expect(buffer.isEmpty).toBe(true);
  });

  it('counts its bytes as read ahead until they are handed over or dropped', async () => {
    const { buffer, readAhead, clock, dueTimes } = bufferWith({ records: 4, waitMs: 50 });
    readAhead.add(990);
    buffer.push(fetched(0, 1));
    let hasRoom = false;
    const room = readAhead.untilRoom().then(() => (hasRoom = true));
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    buffer.clear();
    await room;
    clock.advance(50);
    expect([buffer.isEmpty, dueTimes()]).toEqual([true, 0]);
  });
});
