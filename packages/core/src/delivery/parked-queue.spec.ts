import { offset } from '../record/offset.js';
import { NOTHING_DONE, ParkedQueue } from './parked-queue.js';

const entry = (key: string, at: number, dueAt = 0, attempts = 1) => ({
  key: Buffer.from(key, 'latin1'),
  offset: offset(at),
  attempts,
  dueAt,
  isDiscarded: false,
});
const all = offset(1_000);

describe('what is parked of a partition', () => {
  it('comes back by key in the order of offsets, however it was added', () => {
    const queue = new ParkedQueue([entry('a', 9), entry('a', 3), entry('a', 5)]);
    const order: number[] = [];
    for (let next; (next = queue.due(0, all)) !== undefined; queue.remove(next)) order.push(Number(next.offset));
    expect(order).toEqual([3, 5, 9]);
    expect(queue.size).toBe(0);
  });

  it('is only the first of each key, and of these the one that has been due longest', () => {
    const queue = new ParkedQueue([entry('a', 1, 50), entry('a', 2, 0), entry('b', 3, 40), entry('c', 4, 90)]);
    expect(queue.due(30, all)).toBeUndefined();
    expect(queue.nextDueAt(all)).toBe(40);
    expect(queue.due(60, all)?.offset).toBe(3n);
    queue.remove(entry('b', 3));
    expect(queue.due(60, all)?.offset).toBe(1n);
  });

  it('waits until the group is past it, so that it is not handled twice', () => {
    const queue = new ParkedQueue([entry('a', 5)]);
    expect([NOTHING_DONE, offset(5)].map((before) => queue.due(0, before))).toEqual([undefined, undefined]);
    expect(queue.nextDueAt(offset(5))).toBeUndefined();
    expect(queue.due(0, offset(6))?.offset).toBe(5n);
  });

  it('holds a key until its last record is gone, whatever bytes it has', () => {
    const queue = new ParkedQueue([entry('\u00ff\u0000', 1), entry('\u00ff\u0000', 2)]);
    const key = Buffer.from([255, 0]);
    expect([queue.has(key), queue.has(Buffer.from([255])), queue.has(null)]).toEqual([true, false, false]);
    queue.remove(entry('\u00ff\u0000', 1));
    expect(queue.has(key)).toBe(true);
    queue.remove(entry('\u00ff\u0000', 2));
    queue.remove(entry('\u00ff\u0000', 2));
    expect([queue.has(key), queue.size]).toEqual([false, 0]);
  });

  it('counts a record once that is parked again, and knows what was said last', () => {
    const queue = new ParkedQueue([entry('a', 1), entry('a', 2)]);
    queue.add(entry('a', 1, 70, 4));
    expect([queue.size, queue.knows(entry('a', 1)), queue.knows(entry('a', 3))]).toEqual([2, true, false]);
    expect(queue.due(80, all)).toMatchObject({ offset: 1n, attempts: 4 });
  });
});
