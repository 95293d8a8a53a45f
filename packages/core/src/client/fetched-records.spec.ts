import type { StoredBatch } from '../log/log.store.js';
import { offset } from '../record/offset.js';
import { batchOf } from '../testing/log-world.js';
import { decodeFetched } from './fetched-records.js';

async function stored(baseOffset: number, values: readonly string[], leaderEpoch: number): Promise<StoredBatch> {
  const { bytes } = await batchOf(1, values);
  return {
    baseOffset: offset(baseOffset),
    lastOffset: offset(baseOffset + values.length - 1),
    leaderEpoch,
    bytes,
    maxTimestamp: 0n,
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1n,
  };
}
const offsetsOf = (batches: readonly StoredBatch[], from: number) => {
  const { messages, nextOffset, leaderEpoch } = decodeFetched(batches, offset(from), offset(100));
  return { offsets: messages.map((message) => message.offset), nextOffset, leaderEpoch };
};

describe('what a fetch brought', () => {
  it('begins at the offset that was asked for, also inside a batch', async () => {
    const batches = [await stored(3, ['a', 'b', 'c'], 2), await stored(6, ['d'], 2)];
    expect(offsetsOf(batches, 4)).toEqual({ offsets: ['4', '5', '6'], nextOffset: 7n, leaderEpoch: 2 });
  });

  it('ends where the leader changed, so that its epoch is that of its last record', async () => {
    const batches = [await stored(0, ['a'], 1), await stored(1, ['b'], 1), await stored(2, ['c'], 4)];
    expect(offsetsOf(batches, 0)).toEqual({ offsets: ['0', '1'], nextOffset: 2n, leaderEpoch: 1 });
    expect(offsetsOf(batches.slice(2), 2)).toEqual({ offsets: ['2'], nextOffset: 3n, leaderEpoch: 4 });
  });

  it('is nothing when there is nothing', () => {
    expect(offsetsOf([], 5)).toEqual({ offsets: [], nextOffset: 5n, leaderEpoch: -1 });
  });
});
