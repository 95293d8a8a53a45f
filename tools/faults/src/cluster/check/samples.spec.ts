import type { Sample, SeenPartition, SeenReplica } from '../samples.js';
import { batch, history, node, sample, send } from './examples.js';
import { acksBelowMinimum, checkSamples, deposedLeaders } from './samples.js';

const codes = (...samples: Sample[]) => [...new Set(checkSamples(samples).map(({ code }) => code))];
const leader = (at: number, given: Partial<SeenReplica> = {}) => node(1, at, given);
/** Broker 2 leads under the next epoch. */
const heir = (at: number, given: Partial<SeenReplica> = {}) =>
  node(2, at, { role: 'leader', mayLead: true, leaderEpoch: 2, epochStart: 10, followerEnds: {}, ...given });
const NEXT: Partial<SeenPartition> = { leader: 2, leaderEpoch: 2, partitionEpoch: 2, isr: [2, 3] };

describe('what a probe may see', () => {
  it.each<[string, Sample[]]>([
    [
      'a cluster at rest',
      [sample(0, [leader(1), node(2, 1), node(3, 1)]), sample(10, [leader(11), node(2, 11), node(3, 11)])],
    ],
    [
      'a follower that has what was committed a round later',
      [sample(0, [leader(1), node(2, 1, { logEnd: 4 })]), sample(10, [node(2, 11)])],
    ],
    [
      'a follower behind that is out of the ISR by then',
      [sample(0, [leader(1)]), sample(10, [node(2, 11, { logEnd: 4 })], { partitionEpoch: 2, isr: [1, 3] })],
    ],
    [
      'a follower behind the leader, at its mark',
      [sample(0, [leader(1, { logEnd: 20, followerEnds: { 2: 10, 3: 12 } })])],
    ],
    ['a member that was never heard of', [sample(0, [leader(1, { followerEnds: { 3: 10 } })])]],
    ['an election that begins at the mark', [sample(0, [leader(1)]), sample(10, [heir(11)], NEXT)]],
    ['a deposed leader that does not know it', [sample(0, [leader(1), heir(2)], NEXT)]],
    [
      'one offset under two epochs',
      [sample(0, [leader(1, { batches: [batch(10, 10, 1, 'x')] }), node(2, 1, { batches: [batch(10, 10, 2, 'y')] })])],
    ],
    [
      'an unclean election that is said to be one',
      [
        sample(0, [leader(1)]),
        sample(10, [heir(11, { epochStart: 4, highWatermark: 4, logEnd: 4 })], { ...NEXT, isRecovering: true }),
      ],
    ],
    ['a database that came back behind', [sample(0, [leader(1)]), sample(10, [leader(11, { highWatermark: 4 })])]],
  ])('is %s', (_what, samples) => {
    expect(codes(...samples)).toEqual([]);
  });

  it('is an epoch that fell because an older copy took the database’s place', () => {
    const samples = [sample(0, [node(3, 1, { leaderEpoch: 4 })]), sample(10, [node(3, 11, { leaderEpoch: 3 })])];
    expect(checkSamples(samples, [{ brokerId: 3, at: 5 }])).toEqual([]);
    expect(checkSamples(samples, [{ brokerId: 2, at: 5 }])).toHaveLength(1);
  });

  it.each<[string, string, Sample[]]>([
    ['R1', 'a leader outside of its ISR', [sample(0, [], { isr: [2, 3] })]],
    ['R2', 'a second leader of an epoch, by metadata and database', [sample(0, [node(3, 1, { role: 'leader' })])]],
    ['R2', 'a second leader of an epoch, by the metadata', [sample(0, []), sample(10, [], { leader: 2 })]],
    [
      'R3',
      'an epoch that falls',
      [sample(0, [node(3, 1, { leaderEpoch: 4 })]), sample(10, [node(3, 11, { leaderEpoch: 3 })])],
    ],
    [
      'R5',
      'a member of the ISR that lacks what was committed',
      [sample(0, [leader(1)]), sample(10, [node(3, 11, { logEnd: 9 })])],
    ],
    [
      'R6',
      'one offset and epoch with two batches',
      [sample(0, [leader(1, { batches: [batch(4, 5, 1, 'x')] }), node(2, 1, { batches: [batch(4, 5, 1, 'y')] })])],
    ],
    ['R7', 'a mark beyond what a member is known to have', [sample(0, [leader(1, { followerEnds: { 2: 9, 3: 10 } })])]],
    ['R7', 'a mark beyond the leader’s own end', [sample(0, [leader(1, { logEnd: 9 })])]],
    ['R8', 'a leader that does not know where its epoch begins', [sample(0, [leader(1, { epochStart: null })])]],
    ['R11', 'a hole', [sample(0, [leader(1, { batches: [batch(0, 3), batch(5, 6)] })])]],
    [
      'A31',
      'an election that begins before the mark',
      [sample(0, [leader(1)]), sample(10, [heir(11, { epochStart: 9 })], NEXT)],
    ],
  ])('%s: is not %s', (code, _what, samples) => {
    expect(codes(...samples)).toContain(code);
  });
});

describe('a leader that was deposed', () => {
  const after = (at: number, given: Partial<SeenReplica> = {}) =>
    deposedLeaders([sample(0, []), sample(1_000, [], NEXT), sample(at, [leader(at, given)], NEXT)], 3_000);

  it('may lead on until its session is over', () => {
    expect(after(3_900)).toEqual([]);
    expect(after(9_000, { mayLead: false })).toEqual([]);
    expect(after(9_000, { leaderEpoch: 2 })).toEqual([]);
  });

  it('A35: does not lead for longer', () => {
    expect(after(4_100)).toMatchObject([{ code: 'A35' }]);
  });
});

describe('acknowledgements by too few', () => {
  const alone = { isr: [1] };
  const acks = (...samples: Sample[]) =>
    acksBelowMinimum(history({ sends: [send('a', 0, { invokedAt: 10, endedAt: 20 })] }), samples).map(
      ({ code }) => code,
    );

  it('A30: are those during which the leader knew of fewer all the time', () => {
    expect(
      acks(sample(4, [leader(5, alone)]), sample(14, [leader(15, alone)]), sample(24, [leader(25, alone)])),
    ).toEqual(['A30']);
  });

  it.each<[string, Sample[]]>([
    [
      'enough were in sync for a while',
      [sample(4, [leader(5, alone)]), sample(14, [leader(15)]), sample(24, [leader(25, alone)])],
    ],
    [
      'the ISR changed meanwhile, and nobody looked',
      [sample(4, [leader(5, alone)]), sample(24, [leader(25, { ...alone, partitionEpoch: 3 })])],
    ],
    [
      'another one leads, whom the probe saw out of turn',
      [sample(4, [node(2, 12, { mayLead: true, ...alone }), leader(5)]), sample(14, [leader(15)])],
    ],
    ['nobody looked before', [sample(14, [leader(15, alone)]), sample(24, [leader(25, alone)])]],
  ])('are not those where %s', (_what, samples) => {
    expect(acks(...samples)).toEqual([]);
  });
});
