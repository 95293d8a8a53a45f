import { BufferMemory } from './buffer-memory.js';
import { Receipt } from './receipt.js';
import { FetchedBatch } from './batch.js';
import { PostlogError } from '../errors/postlog-error.js';
import { offset } from '../record/offset.js';
import { manualClock } from '../testing/manual-clock.js';

describe('the producer’s memory', () => {
  it('lets nobody overtake who waits for room', async () => {
    const memory = new BufferMemory(10, manualClock());
    const order: string[] = [];
    await memory.take(8, 1_000);
    const large = memory.take(6, 1_000).then(() => order.push('large'));
    const small = memory.take(1, 1_000).then(() => order.push('small'));
    expect(memory.tryTake(1)).toBe(false);
    memory.give(8);
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
  });

  it('fails who waited too long, and lets the next in', async () => {
    const clock = manualClock();
    const memory = new BufferMemory(10, clock);
    await memory.take(8, 1_000);
    const impatient = memory.take(6, 100);
    const next = memory.take(2, 1_000);
    clock.advance(100);
    await expect(impatient).rejects.toMatchObject({ code: 'BUFFER_EXHAUSTED' });
    await next;
    await expect(memory.take(11, 1_000)).rejects.toMatchObject({ code: 'RECORD_LIST_TOO_LARGE' });
  });
});

describe('a receipt', () => {
  const place = (partition: number) => ({ topic: 't', partition });

  it('waits for all batches and tells the first offset of each partition', async () => {
    const receipt = new Receipt();
    for (let batch = 0; batch < 3; batch++) receipt.expect();
    receipt.seal();
    receipt.deliver(place(0), 5n, 0n);
    receipt.deliver(place(0), 9n, 0n);
    receipt.deliver(place(1), 7n, 2n);
    expect(await receipt.promise).toEqual([
      { topicName: 't', partition: 0, errorCode: 0, baseOffset: '5', logStartOffset: '0' },
      { topicName: 't', partition: 1, errorCode: 0, baseOffset: '7', logStartOffset: '2' },
    ]);
  });

  it('calls the whole unknown when a part of it is, and says when others are stored', async () => {
    const mixed = new Receipt();
    for (let batch = 0; batch < 3; batch++) mixed.expect();
    mixed.seal();
    mixed.fail(new PostlogError('MESSAGE_TOO_LARGE', 'x'));
    mixed.fail(new PostlogError('NETWORK_EXCEPTION', 'y', { outcome: 'unknown' }));
    mixed.deliver(place(0), 1n, 0n);
    await expect(mixed.promise).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION', outcome: 'unknown' });

    const partly = new Receipt();
    for (let batch = 0; batch < 2; batch++) partly.expect();
    partly.seal();
    partly.deliver(place(0), 1n, 0n);
    partly.fail(new PostlogError('MESSAGE_TOO_LARGE', 'x'));
    await expect(partly.promise).rejects.toThrow('records for 1 partitions are stored');
  });
});

describe('a batch', () => {
  it('knows its offsets and how far it is behind', () => {
    const message = (at: string) => ({
      key: null,
      value: null,
      timestamp: '0',
      attributes: 0,
      offset: at,
      headers: {},
    });
    const batch = new FetchedBatch({
      topic: 't',
      partition: 0,
      highWatermark: offset(10),
      messages: [message('4'), message('5')],
    });
    expect([batch.firstOffset(), batch.lastOffset(), batch.offsetLag(), batch.offsetLagLow(), batch.isEmpty()]).toEqual(
      ['4', '5', '4', '5', false],
    );
    const empty = new FetchedBatch({ topic: 't', partition: 0, highWatermark: offset(10), messages: [] });
    expect([empty.firstOffset(), empty.lastOffset(), empty.offsetLag(), empty.offsetLagLow(), empty.isEmpty()]).toEqual(
      [null, '9', '0', '0', true],
    );
  });
});
