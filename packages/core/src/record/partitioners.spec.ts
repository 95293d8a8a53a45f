import { createRequire } from 'node:module';
import fc from 'fast-check';
import type { Message } from './messages.js';
import {
  murmur2,
  partitionForKey,
  roundRobinPartitioner,
  StickyChooser,
  type CreatePartitioner,
  type PartitionMetadata,
} from './partitioners.js';

const kafkajsMurmur2 = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2') as (
  key: Buffer,
) => number;

function partitions(count: number, leaderless: readonly number[] = []): PartitionMetadata[] {
  return Array.from({ length: count }, (_, partitionId) => ({
    partitionId,
    leader: leaderless.includes(partitionId) ? -1 : 1,
    replicas: [1],
    isr: [1],
  }));
}

describe('murmur2', () => {
  // Source: the vectors of Kafka's own UtilsTest.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Java does', (key, expected) => {
    expect(murmur2(Buffer.from(key))).toBe(expected);
  });

  it('agrees with KafkaJS on any key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (key) => {
        expect(murmur2(key)).toBe(kafkajsMurmur2(Buffer.from(key)));
      }),
    );
  });
});

describe('partitionForKey', () => {
  it('gives text and its bytes the same partition, in range', () => {
    const keys = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 300, maxLength: 700 }));
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 10_000 }), (key, count) => {
        const partition = partitionForKey(key, count);
        expect(partition).toBe(partitionForKey(Buffer.from(key), count));
        expect(partition).toBeGreaterThanOrEqual(0);
        expect(partition).toBeLessThan(count);
      }),
    );
  });

  it('takes an empty key for a key', () => {
    expect(partitionForKey('', 1_000)).toBe((murmur2(Buffer.alloc(0)) & 0x7fffffff) % 1_000);
  });
});

describe('roundRobinPartitioner', () => {
  const message: Message = { key: 'same', value: null };

  it('gives the partitions of each topic in turn, whatever the key', () => {
    const choose = roundRobinPartitioner();
    const turns = ['a', 'a', 'b', 'a', 'a'].map((topic) =>
      choose({ topic, partitionMetadata: partitions(3), message }),
    );
    expect(turns).toEqual([0, 1, 0, 2, 0]);
  });

  it('leaves out partitions without a leader, unless none has one', () => {
    const choose = roundRobinPartitioner();
    const some = [1, 2, 3].map(() => choose({ topic: 'a', partitionMetadata: partitions(3, [1]), message }));
    expect(some).toEqual([0, 2, 0]);
    expect(choose({ topic: 'b', partitionMetadata: partitions(2, [0, 1]), message })).toBe(0);
  });
});

describe('StickyChooser', () => {
  it('stays on one partition while a batch has room, then draws again', () => {
    const draws = [0.1, 0.9, 0.5];
    const chooser = new StickyChooser({ random: () => draws.shift()!, batchSize: 250 });
    const chosen = Array.from({ length: 6 }, () => chooser.choose('orders', [0, 0, 0], 100));
    expect(chosen).toEqual([0, 0, 2, 2, 1, 1]);
  });

  it('sends records that are larger than a batch each to a partition drawn for it', () => {
    const draws = [0.1, 0.9, 0.5];
    const chooser = new StickyChooser({ random: () => draws.shift()!, batchSize: 250 });
    expect([1, 2, 3].map(() => chooser.choose('orders', [0, 0, 0], 900))).toEqual([0, 2, 1]);
  });

  it('keeps topics apart', () => {
    const draws = [0.1, 0.9];
    const chooser = new StickyChooser({ random: () => draws.shift()!, batchSize: 1_000 });
    expect([chooser.choose('a', [0, 0], 1), chooser.choose('b', [0, 0], 1), chooser.choose('a', [0, 0], 1)]).toEqual([
      0, 1, 0,
    ]);
  });

  it('draws again when the partition it stood on is not there', () => {
    const draws = [0.9, 0.9];
    const chooser = new StickyChooser({ random: () => draws.shift()!, batchSize: 1_000 });
    expect(chooser.choose('orders', [0, 0, 0], 1)).toBe(2);
    expect(chooser.choose('orders', [0], 1)).toBe(0);
  });

  it('chooses a partition less the longer its queue is', () => {
    let step = 0;
    const chooser = new StickyChooser({ random: () => (step++ % 1_000) / 1_000, batchSize: 1 });
    const times = [0, 0, 0];
    for (let index = 0; index < 1_000; index++) times[chooser.choose('orders', [0, 3, 9], 1)]!++;
    // Weights are 10, 7 and 1 of 18.
    expect(times[0]).toBeCloseTo(556, -1);
    expect(times[1]).toBeCloseTo(389, -1);
    expect(times[2]).toBeCloseTo(55, -1);
  });

  it('answers a partition that exists for any queues and any chance', () => {
    const queues = fc.array(fc.nat(1e9), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(queues, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (queuedBytes, chance) => {
        const partition = new StickyChooser({ random: () => chance, batchSize: 1 }).choose('t', queuedBytes, 1);
        expect(queuedBytes[partition]).toBeDefined();
      }),
    );
  });
});

describe('a partitioner of one’s own', () => {
  it('keeps the records of a month together', () => {
    const byMonth: CreatePartitioner =
      () =>
      ({ message, partitionMetadata }) => {
        const date = new Date(Number(message.timestamp));
        return (date.getUTCFullYear() * 12 + date.getUTCMonth()) % partitionMetadata.length;
      };
    const choose = byMonth();
    const at = (day: string) =>
      choose({
        topic: 'invoices',
        partitionMetadata: partitions(12),
        message: { value: null, timestamp: String(Date.parse(day)) },
      });
    expect(at('2026-03-01T00:00:00Z')).toBe(at('2026-03-31T23:59:59Z'));
    expect(at('2026-04-01T00:00:00Z')).toBe(at('2026-03-31T00:00:00Z') + 1);
  });

  it('gives regions a partition of their own and the others the rest, by key', () => {
    const byRegion: CreatePartitioner =
      () =>
      ({ message, partitionMetadata }) => {
        const own = ['eu', 'us'].indexOf(String(message.headers?.['region']));
        return own >= 0 ? own : 2 + partitionForKey(message.key ?? '', partitionMetadata.length - 2);
      };
    const choose = byRegion();
    const from = (region: string, key: string) =>
      choose({ topic: 'orders', partitionMetadata: partitions(6), message: { key, value: null, headers: { region } } });
    expect([from('eu', 'a'), from('eu', 'b'), from('us', 'a')]).toEqual([0, 0, 1]);
    expect(from('asia', 'a')).toBeGreaterThanOrEqual(2);
  });
});
