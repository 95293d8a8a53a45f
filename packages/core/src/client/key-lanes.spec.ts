import fc from 'fast-check';
import type { ConsumedMessage } from '../record/messages.js';
import { KeyLanes } from './key-lanes.js';

const message = (offset: number, key: string | null) =>
  ({ offset: String(offset), key: key === null ? null : Buffer.from(key), value: null }) as ConsumedMessage;

describe('key lanes', () => {
  it('give one record of each key at a time', () => {
    const lanes = new KeyLanes();
    lanes.add([message(0, 'a'), message(1, 'a'), message(2, 'b'), message(3, null), message(4, null)]);
    const first = [lanes.take(), lanes.take(), lanes.take(), lanes.take(), lanes.take()];
    expect(first.map((each) => each?.offset)).toEqual(['0', '2', '3', '4', undefined]);
    lanes.finish(first[0]!);
    expect(lanes.take()?.offset).toBe('1');
  });

  it('keep a record that failed at the head of its key until it may be tried again', () => {
    const lanes = new KeyLanes();
    lanes.add([message(0, 'a'), message(1, 'a')]);
    const failing = lanes.take()!;
    expect(lanes.fail(failing)).toBe(0);
    expect(lanes.hasReady).toBe(false);
    lanes.retry(failing);
    expect(lanes.take()).toBe(failing);
    expect(lanes.fail(failing)).toBe(1);
  });

  it('keep each key’s order, and never let a commit pass what is unfinished', () => {
    const key = fc.constantFrom('a', 'b', 'c', null);
    fc.assert(
      fc.property(fc.array(key, { maxLength: 40 }), fc.array(fc.nat(9), { maxLength: 400 }), (keys, picks) => {
        const lanes = new KeyLanes();
        const messages = keys.map((each, offset) => message(offset, each));
        lanes.add(messages.slice(0, 20));
        const running: ConsumedMessage[] = [];
        const finished: ConsumedMessage[] = [];
        for (const pick of picks) {
          if (pick === 9) lanes.add(messages.splice(20));
          const next = pick < 5 ? lanes.take() : undefined;
          if (next !== undefined) running.push(next);
          else if (running.length > 0) {
            const [done] = running.splice(pick % running.length, 1);
            lanes.finish(done!);
            finished.push(done!);
          }
          const lowest = Number(lanes.lowestUnfinished ?? Infinity);
          for (let offset = 0; offset < Math.min(lowest, 20); offset++) {
            if (keys[offset] !== undefined) expect(finished.some((each) => Number(each.offset) === offset)).toBe(true);
          }
        }
        for (const name of ['a', 'b', 'c']) {
          const offsets = finished.filter((each) => each.key?.toString() === name).map((each) => Number(each.offset));
          expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
        }
      }),
    );
  });
});
