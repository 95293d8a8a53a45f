import type { PartitionToRead, ReadPartition } from '../log/log.store.js';
import { offset } from '../record/offset.js';
import { Purgatory } from '../runtime/purgatory.js';
import { manualClock } from '../testing/manual-clock.js';
import { FetchDispatcher } from './fetch-dispatcher.js';
import { groupKey, partitionKey, readWakeUp } from './wake-up.js';

/** A log of single-record batches in memory, and the reads that were made of it. */
function world() {
  const ends = new Map<number, number>();
  const reads: number[][] = [];
  const clock = manualClock();
  const purgatory = new Purgatory<number>();
  const read = (requests: PartitionToRead[]): Promise<ReadPartition[]> => {
    reads.push(requests.map(({ partitionId }) => partitionId));
    const answers = requests.flatMap(({ partitionId, fetchOffset }, index): ReadPartition[] => {
      const end = ends.get(partitionId) ?? 0;
      if (end <= Number(fetchOffset)) return [];
      const batch = {
        baseOffset: fetchOffset,
        lastOffset: fetchOffset,
        leaderEpoch: 0,
        bytes: Buffer.from('x'),
        maxTimestamp: 0n,
        producerId: -1n,
        producerEpoch: -1,
        baseSequence: -1n,
      };
      return [
        {
          index,
          partitionId,
          error: undefined,
          logStartOffset: offset(0),
          highWatermark: offset(end),
          batches: [batch],
        },
      ];
    });
    return Promise.resolve(answers);
  };
  const dispatcher = new FetchDispatcher({ read, clock, purgatory });
  const stop = new AbortController();
  const fetch = (partitionId: number) =>
    dispatcher.fetch({ partitionId, fetchOffset: offset(0), maxBytes: 100, signal: stop.signal });
  return { ends, reads, clock, purgatory, dispatcher, fetch, stop };
}
const settle = () => new Promise((wake) => setImmediate(() => setImmediate(() => setImmediate(wake))));

describe('the fetch dispatcher', () => {
  it('reads what is asked for in one turn with one statement, and answers each for itself', async () => {
    const { ends, reads, fetch } = world();
    ends.set(1, 1);
    const [one, two] = [fetch(1), fetch(2)];
    expect(await one).toMatchObject({ partitionId: 1 });
    ends.set(2, 1);
    expect(reads).toEqual([[1, 2]]);
    void two;
  });

  it('looks again at the partition that was woken, and at no other', async () => {
    const { ends, reads, purgatory, fetch } = world();
    const waiting = [fetch(1), fetch(2)];
    await settle();
    ends.set(2, 1);
    purgatory.wake(2);
    expect(await waiting[1]).toMatchObject({ partitionId: 2 });
    expect(reads).toEqual([[1, 2], [2]]);
  });

  it('needs no wake-up: the poll looks at everything, seldom when wake-ups arrive, often when they do not', async () => {
    const { ends, reads, clock, dispatcher, fetch } = world();
    const waiting = fetch(1);
    await settle();
    ends.set(1, 1);
    clock.advance(250);
    expect(await waiting).toMatchObject({ partitionId: 1 });

    dispatcher.setLive(true);
    const next = fetch(2);
    await settle();
    const before = reads.length;
    clock.advance(4_999);
    await settle();
    expect(reads.length).toBe(before);
    ends.set(2, 1);
    clock.advance(1);
    expect(await next).toMatchObject({ partitionId: 2 });
  });

  it('ends a wait when it is told to', async () => {
    const { fetch, stop } = world();
    const waiting = fetch(1);
    await settle();
    stop.abort();
    expect(await waiting).toBeUndefined();
  });
});

describe('wake-ups', () => {
  it('name partitions by number, where their marks are, and groups by a hash, never by name', () => {
    expect(readWakeUp(`me:${partitionKey(7)},8/5/42,${groupKey('secret')}`)).toEqual({
      sender: 'me',
      keys: [7, 8, groupKey('secret')],
      marks: [{ partitionId: 8, leaderEpoch: 5, highWatermark: 42n }],
    });
    expect(groupKey('secret')).not.toContain('secret');
    expect(groupKey('a')).not.toBe(groupKey('b'));
  });

  it.each(['me:*', 'me', ''])('%j wakes everybody', (payload) => {
    expect(readWakeUp(payload).keys).toBe('all');
  });
});
