import type { RunHistory } from '../history.js';
import type { FinalLog, Sample, SeenPartition, SeenReplica } from '../samples.js';
import { batch, history, node, poll, sample, send } from './examples.js';
import { acksOutOfTime } from './lead-times.js';

const NEXT: Partial<SeenPartition> = { leader: 2, leaderEpoch: 2, partitionEpoch: 2, isr: [2, 3] };
const FOLLOWS = { role: 'follower', mayLead: false } as const;
const LEADS = { role: 'leader', mayLead: true } as const;
/** When the time of broker 1 is over; it renews it no more, and stays what it was. */
const OVER_AT = 2_700;

/** The first epoch's leader is silent from 1 s on; its successor is there at 3.2 s; all is well again at 9 s. */
const samples = (given: Partial<SeenReplica> = {}): Sample[] =>
  [0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 9_000].map((at) => {
    const isNext = at > 3_000;
    const old = { leadUntil: `${OVER_AT}`, leadsForMs: OVER_AT - at, mayLead: at < OVER_AT, ...given };
    return sample(
      at,
      [
        node(1, at, at === 9_000 ? { ...FOLLOWS, leaderEpoch: 2 } : old),
        node(2, at, isNext ? { ...LEADS, leaderEpoch: 2 } : FOLLOWS),
        node(3, at, { ...FOLLOWS, leaderEpoch: isNext ? 2 : 1 }),
      ],
      isNext ? NEXT : {},
    );
  });
/** Five records of each epoch, on every replica. */
const LOGS: FinalLog[] = [1, 2, 3].map((brokerId) => ({
  brokerId,
  partitionId: 7,
  logStart: 0,
  highWatermark: 10,
  batches: [batch(0, 4, 1), batch(5, 9, 2)],
  epochStarts: [
    { epoch: 1, startOffset: 0 },
    { epoch: 2, startOffset: 5 },
  ],
}));
const check = (given: Partial<RunHistory>, { seen = samples(), isComplete = true } = {}) =>
  acksOutOfTime(history(given), { samples: seen, logs: LOGS }, () => isComplete).map(({ code }) => code);
const sent = (offset: number, invokedAt: number, given = {}) =>
  send('a', offset, { acks: 'leader', invokedAt, endedAt: invokedAt + 20, ...given });

describe('a record that only the leader acknowledged', () => {
  it.each<[string, number, number]>([
    ['while its time was not over', 6, 2_600],
    ['and that was sent before', 12, 500],
  ])('may be lost when it was taken %s', (_what, offset, invokedAt) => {
    expect(check({ sends: [sent(offset, invokedAt)] })).toEqual([]);
  });

  it('may be lost when it was sent in that time, and acknowledged late', () => {
    expect(check({ sends: [sent(6, 2_600, { endedAt: 5_500 })] })).toEqual([]);
  });

  it.each<[string, number, number]>([
    ['after that, before another led', 6, 2_900],
    ['after that, while another was being elected', 6, 3_500],
    ['after that, though another led', 6, 5_100],
    ['in that time, and its epoch has another there', 2, 500],
    ['and nobody was elected since', 12, 5_100],
  ])('A1: may not be lost when it was taken %s', (_what, offset, invokedAt) => {
    expect(check({ sends: [sent(offset, invokedAt)] })).toEqual(['A1']);
  });

  it.each<[string, Parameters<typeof check>]>([
    ['it is read elsewhere', [{ sends: [sent(-1, 5_100)], polls: [poll(5, ['a'])] }]],
    ['reading did not come to the end', [{ sends: [sent(6, 5_100)] }, { isComplete: false }]],
    ['nobody knows whether it was taken', [{ sends: [sent(6, 5_100, { outcome: 'info' })] }]],
    ['all replicas should have it, which others check', [{ sends: [sent(6, 5_100, { acks: 'all' })] }]],
    [
      'the time to lead was renewed between two looks',
      [{ sends: [sent(6, 5_100)] }, { seen: samples().map((each) => renewed(each, 6_000)) }],
    ],
    [
      'nobody saw the database at that time',
      [{ sends: [sent(6, 5_100)] }, { seen: samples().map((each) => without(each, 1)) }],
    ],
  ])('is not missed when %s', (_what, given) => {
    expect(check(...given)).toEqual([]);
  });
});

describe('a record that is in the log', () => {
  const kept = (offset: number, invokedAt: number, given = {}) => ({
    sends: [sent(offset, invokedAt, { acks: 'all', ...given })],
    polls: [poll(offset, ['a'], { mode: 'final' })],
  });

  it('was taken in the time of its epoch’s leader', () => {
    expect(check(kept(4, 2_600))).toEqual([]);
    expect(check(kept(5, 5_100))).toEqual([]);
    expect(check(kept(5, 2_900, { endedAt: 5_500 }))).toEqual([]);
  });

  it('is not what somebody read there once', () => {
    expect(check({ ...kept(4, 2_900), polls: [poll(4, ['a'])] })).toEqual([]);
  });

  it('A35: was not taken before that, or later', () => {
    expect(check(kept(4, 2_900))).toEqual(['A35']);
    expect(check(kept(5, 500))).toEqual(['A35']);
  });
});

/** From then on, broker 1 has another time to lead. */
function renewed({ before, nodes, after }: Sample, from: number): Sample {
  const later = { leadUntil: 'later' };
  return {
    before,
    nodes: nodes.map((each) =>
      each.brokerId === 1 && each.at >= from
        ? { ...each, replicas: each.replicas.map((replica) => ({ ...replica, ...later })) }
        : each,
    ),
    after,
  };
}

function without({ before, nodes, after }: Sample, brokerId: number): Sample {
  return { before, nodes: nodes.filter((each) => each.brokerId !== brokerId), after };
}
