import { partitionOf } from './cluster.cases.js';
import { changedPartition, withIsr } from './partition-change.js';

describe('a change of a partition', () => {
  it('raises the partition epoch, and with another leader the leader epoch', () => {
    expect(changedPartition(partitionOf(), { isr: [1] })).toMatchObject({ leaderEpoch: 5, partitionEpoch: 21 });
    expect(changedPartition(partitionOf(), { elr: [1] })).toMatchObject({ leaderEpoch: 5, partitionEpoch: 21 });
    expect(changedPartition(partitionOf(), { isRecovering: true })).toMatchObject({
      leaderEpoch: 5,
      partitionEpoch: 21,
    });
    expect(changedPartition(partitionOf(), { leader: null })).toMatchObject({ leaderEpoch: 6, partitionEpoch: 21 });
  });

  it('is none when nothing differs', () => {
    expect(changedPartition(partitionOf(), { leader: 1, isr: [1, 2, 3], replicas: [1, 2, 3] })).toBeUndefined();
  });
});

describe('the eligible leader replicas', () => {
  it('are those that were in the ISR when it became too small, and those before them', () => {
    expect(withIsr(partitionOf({ isr: [1, 2] }), [2], 2)).toEqual({ isr: [2], elr: [1] });
    expect(withIsr(partitionOf({ isr: [2], elr: [1] }), [], 2)).toEqual({ isr: [], elr: [1, 2] });
    expect(withIsr(partitionOf({ isr: [2], elr: [1] }), [2], 2)).toEqual({ isr: [2], elr: [1] });
  });

  it('are none once the ISR is large enough, for the high watermark moves on without them', () => {
    expect(withIsr(partitionOf({ isr: [2], elr: [1] }), [3, 2], 2)).toEqual({ isr: [2, 3], elr: [] });
  });
});
