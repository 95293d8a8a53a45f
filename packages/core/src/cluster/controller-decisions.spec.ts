import { imageOf, partitionOf, topicOf } from './cluster.cases.js';
import { decideController, decidePreferredElections, decideUncleanElection } from './controller-decisions.js';
import { changeIsr } from './leader-election.js';
import { startReassignment } from './partition-reassignment.js';

const alive = (...brokers: readonly number[]) => new Set(brokers);
const partitionsOf = (decision: ReturnType<typeof decideController>) =>
  decision?.topics.flatMap((topic) => topic.partitions);

describe('the controller', () => {
  it('does nothing while all is well', () => {
    expect(decideController({ image: imageOf([partitionOf()]), aliveBrokers: alive(1, 2, 3) })).toBeUndefined();
  });

  it('fences a broker whose lease is gone, takes it out of every ISR and moves what it led, at once', () => {
    const follower = partitionOf({ partition: 1, partitionId: 71, leader: 2 });
    const elsewhere = partitionOf({ partition: 2, partitionId: 72, replicas: [2, 3], isr: [2, 3], leader: 3 });
    const decision = decideController({
      image: imageOf([partitionOf(), follower, elsewhere]),
      aliveBrokers: alive(2, 3),
    });
    expect(decision?.brokers).toMatchObject([{ brokerId: 1, state: 'fenced', brokerEpoch: 1 }]);
    expect(partitionsOf(decision)).toEqual([
      partitionOf({ isr: [2, 3], leader: 2, leaderEpoch: 6, partitionEpoch: 21 }),
      { ...follower, isr: [2, 3], partitionEpoch: 21 },
      elsewhere,
    ]);
  });

  it('takes a broker that has registered again out of the ISRs, for it is fenced until it is ready', () => {
    const decision = decideController({
      image: imageOf([partitionOf()], { 3: 'fenced' }),
      aliveBrokers: alive(1, 2, 3),
    });
    expect(decision).toMatchObject({ brokers: [], topics: [{ partitions: [{ isr: [1, 2], leader: 1 }] }] });
  });

  it('takes out who is not registered any more', () => {
    const image = imageOf([partitionOf({ replicas: [1, 2, 9], isr: [1, 2, 9] })]);
    expect(partitionsOf(decideController({ image, aliveBrokers: alive(1, 2, 3) }))).toMatchObject([{ isr: [1, 2] }]);
  });

  it('leaves a partition without a leader when all are gone, and knows who may lead again', () => {
    const decision = decideController({ image: imageOf([partitionOf()]), aliveBrokers: alive() });
    expect(partitionsOf(decision)).toEqual([
      partitionOf({ isr: [], elr: [1, 2, 3], leader: null, leaderEpoch: 6, partitionEpoch: 21 }),
    ]);
  });

  it('elects the first eligible one that comes back', () => {
    const gone = partitionOf({ isr: [], elr: [2, 3], leader: null });
    const decision = decideController({
      image: imageOf([gone], { 1: 'active', 2: 'fenced' }),
      aliveBrokers: alive(1, 3),
    });
    expect(partitionsOf(decision)).toMatchObject([{ leader: 3, isr: [3], elr: [2] }]);
  });

  it('never elects uncleanly by itself', () => {
    const gone = partitionOf({ isr: [], elr: [2], leader: null });
    expect(decideController({ image: imageOf([gone], { 2: 'fenced' }), aliveBrokers: alive(1, 3) })).toBeUndefined();
  });

  it('gives away what a broker leads that shuts down, and leaves it in the ISR until it is gone', () => {
    const decision = decideController({
      image: imageOf([partitionOf()], { 1: 'draining' }),
      aliveBrokers: alive(1, 2, 3),
    });
    expect(partitionsOf(decision)).toEqual([partitionOf({ leader: 2, leaderEpoch: 6, partitionEpoch: 21 })]);
  });

  it('lets it lead on while nobody else can, and elects nobody who shuts down', () => {
    const alone = imageOf([partitionOf({ isr: [1], elr: [2] })], { 1: 'draining' });
    expect(decideController({ image: alone, aliveBrokers: alive(1, 2, 3) })).toBeUndefined();
    const leaderless = imageOf([partitionOf({ isr: [1], leader: null })], { 1: 'draining' });
    expect(decideController({ image: leaderless, aliveBrokers: alive(1, 2, 3) })).toBeUndefined();
  });

  it('fences a broker that stopped while it was shutting down', () => {
    const decision = decideController({
      image: imageOf([partitionOf()], { 1: 'draining' }),
      aliveBrokers: alive(2, 3),
    });
    expect(decision).toMatchObject({
      brokers: [{ brokerId: 1, state: 'fenced' }],
      topics: [{ partitions: [{ leader: 2, isr: [2, 3] }] }],
    });
  });

  it('ends a reassignment whose replicas are in sync', () => {
    const towards = startReassignment(partitionOf({ replicas: [1, 2], isr: [1, 2] }), [3, 2], alive(1, 2, 3))!;
    const ready = changeIsr(towards, [1, 2, 3], 2);
    const decision = decideController({ image: imageOf([ready]), aliveBrokers: alive(1, 2, 3) });
    expect(partitionsOf(decision)).toMatchObject([
      { replicas: [3, 2], isr: [3, 2], leader: 3, partitionEpoch: ready.partitionEpoch + 1 },
    ]);
  });

  it('leaves nobody eligible when the minimum was lowered, before the leader hears of it', () => {
    const image = imageOf([partitionOf({ isr: [1], elr: [2] })], {}, { 'min.insync.replicas': '1' });
    expect(partitionsOf(decideController({ image, aliveBrokers: alive(1, 2, 3) }))).toMatchObject([
      { isr: [1], elr: [], leaderEpoch: 5, partitionEpoch: 21 },
    ]);
  });
});

describe('the periodic election', () => {
  it('gives leaderships back to the preferred replicas', () => {
    const image = imageOf([partitionOf({ leader: 2 }), partitionOf({ partition: 1 })]);
    const decision = decidePreferredElections({ image, aliveBrokers: alive(1, 2, 3) });
    expect(decision).toEqual({
      brokers: [],
      topics: [topicOf([partitionOf({ leaderEpoch: 6, partitionEpoch: 21 }), partitionOf({ partition: 1 })])],
    });
  });

  it.each([
    ['is fenced', imageOf([partitionOf({ leader: 2 })], { 1: 'fenced' }), alive(1, 2, 3)],
    ['shuts down', imageOf([partitionOf({ leader: 2 })], { 1: 'draining' }), alive(1, 2, 3)],
    ['is dead', imageOf([partitionOf({ leader: 2 })]), alive(2, 3)],
    ['is not in sync', imageOf([partitionOf({ leader: 2, isr: [2, 3] })]), alive(1, 2, 3)],
  ])('gives none to one that %s', (_what, image, aliveBrokers) => {
    expect(decidePreferredElections({ image, aliveBrokers })).toBeUndefined();
  });
});

describe('an unclean election', () => {
  it('is what an operator asks for when nobody clean is left', () => {
    const gone = partitionOf({ isr: [], elr: [2], leader: null });
    expect(decideUncleanElection(gone, alive(3), 2)).toMatchObject({ leader: 3, isr: [3], isRecovering: true });
  });

  it('changes nothing where the leader is alive, or nobody is', () => {
    expect(decideUncleanElection(partitionOf(), alive(1), 2)).toBeUndefined();
    expect(decideUncleanElection(partitionOf({ isr: [1] }), alive(), 2)).toBeUndefined();
  });
});
