import type { RequiredAcks } from '../broker/handle-produce.js';
import type { PartitionQueue } from './record-accumulator.js';
import { byLeader, chooseForRequest } from './request-plan.js';

const queueOf = (name: string, sizes: readonly number[], acks: RequiredAcks = -1) =>
  ({ topic: name, batches: sizes.map((sizeInBytes) => ({ sizeInBytes, acks })) }) as unknown as PartitionQueue;
const chosen = (queues: readonly PartitionQueue[], maxRequestSize = 100) =>
  chooseForRequest(queues, maxRequestSize).map(({ topic }) => topic);

describe('a request to a leader', () => {
  it('takes one batch of each partition, up to its size', () => {
    expect(chosen([queueOf('a', [40]), queueOf('b', [40]), queueOf('c', [40])])).toEqual(['a', 'b']);
  });

  it('takes a batch that is too large by itself alone', () => {
    expect(chosen([queueOf('a', [200]), queueOf('b', [1])])).toEqual(['a']);
  });

  it('is made for a busy partition alone, so that it holds up no other', () => {
    expect(chosen([queueOf('a', [1]), queueOf('busy', [1, 1]), queueOf('c', [1])])).toEqual(['busy']);
  });

  it('never mixes batches that wait for all replicas with those that do not', () => {
    expect(chosen([queueOf('a', [1]), queueOf('b', [1], 1), queueOf('c', [1])])).toEqual(['a', 'c']);
    expect(chosen([queueOf('b', [1], 0), queueOf('c', [1])])).toEqual(['b']);
  });

  it('goes to whoever leads; partitions without a leader are by themselves', () => {
    const leaders = new Map([
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ]);
    const queues = ['a', 'b', 'c', 'd'].map((name) => queueOf(name, [1]));
    const groups = byLeader(queues, ({ topic }) => leaders.get(topic));
    expect([...groups].map(([leader, members]) => [leader, members.map(({ topic }) => topic)])).toEqual([
      [1, ['a', 'c']],
      [2, ['b']],
      [undefined, ['d']],
    ]);
  });
});
