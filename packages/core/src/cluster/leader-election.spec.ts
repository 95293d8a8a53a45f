import fc from 'fast-check';
import { partitionOf } from './cluster.cases.js';
import type { PartitionState } from './cluster-image.js';
import { changeIsr, drainLeader, electLeader, preferredLeader, removeFromIsr } from './leader-election.js';

const alive = (...brokers: readonly number[]) => new Set(brokers);
const clean = { unclean: false, minIsr: 2 };
const unclean = { unclean: true, minIsr: 2 };

describe('an election', () => {
  it('keeps a leader that is alive and in sync', () => {
    expect(electLeader(partitionOf(), alive(1, 2, 3), clean)).toBeUndefined();
    expect(electLeader(partitionOf(), alive(1), clean)).toBeUndefined();
  });

  it.each<[string, Partial<PartitionState>, readonly number[], number | null]>([
    ['the first alive in the ISR, in order of assignment', { replicas: [1, 3, 2] }, [2, 3], 3],
    ['nobody alive outside of the ISR while it has members', { isr: [1], elr: [2] }, [2, 3], null],
    ['the first alive in the ELR when the ISR is empty', { isr: [], elr: [2, 3], leader: null }, [3], 3],
    ['nobody when neither has anyone alive', { isr: [], elr: [2], leader: 1 }, [1, 3], null],
  ])('chooses %s', (_whom, state, living, leader) => {
    const before = partitionOf(state);
    const after = electLeader(before, new Set(living), clean) ?? before;
    expect(after).toMatchObject({ leader, isRecovering: false });
  });

  it('raises the leader epoch and the partition epoch, once each', () => {
    expect(electLeader(partitionOf(), alive(2, 3), clean)).toMatchObject({ leaderEpoch: 6, partitionEpoch: 21 });
    expect(electLeader(partitionOf(), alive(), clean)).toMatchObject({
      leader: null,
      leaderEpoch: 6,
      partitionEpoch: 21,
    });
    expect(electLeader(partitionOf({ leader: null }), alive(), clean)).toBeUndefined();
  });

  it('from the ELR makes the chosen one the ISR, and others stay eligible while that is too small', () => {
    const dead = partitionOf({ isr: [], elr: [2, 3], leader: null });
    expect(electLeader(dead, alive(2, 3), clean)).toMatchObject({ leader: 2, isr: [2], elr: [3] });
    expect(electLeader(dead, alive(2, 3), { ...clean, minIsr: 1 })).toMatchObject({ leader: 2, isr: [2], elr: [] });
  });

  it('that may be unclean takes any that is alive when nobody clean is, and marks the partition', () => {
    const before = partitionOf({ isr: [1], elr: [2] });
    expect(electLeader(before, alive(3), unclean)).toMatchObject({ leader: 3, isr: [3], elr: [], isRecovering: true });
    expect(electLeader(partitionOf(), alive(2, 3), unclean)).toMatchObject({ leader: 2, isRecovering: false });
    expect(electLeader(before, alive(), unclean)).toMatchObject({ leader: null, isRecovering: false });
  });
});

describe('a broker that leaves the ISR', () => {
  const stopped = { minIsr: 2, isUnclean: false };

  it('is not eligible while enough others stay', () => {
    expect(removeFromIsr(partitionOf(), [3], stopped)).toMatchObject({
      isr: [1, 2],
      elr: [],
      leader: 1,
      leaderEpoch: 5,
    });
  });

  it('stays eligible, with who left before it, once the ISR is too small', () => {
    const one = removeFromIsr(partitionOf({ isr: [1, 2] }), [2], stopped)!;
    expect(one).toMatchObject({ isr: [1], elr: [2] });
    expect(removeFromIsr(one, [1], stopped)).toMatchObject({ isr: [], elr: [1, 2], leader: null, leaderEpoch: 6 });
  });

  it('is not eligible after an unclean restart, not even as the last one', () => {
    const restarted = { minIsr: 2, isUnclean: true };
    expect(removeFromIsr(partitionOf({ isr: [1, 2] }), [2], restarted)).toMatchObject({ isr: [1], elr: [] });
    expect(removeFromIsr(partitionOf({ isr: [1], elr: [2] }), [2], restarted)).toMatchObject({ isr: [1], elr: [] });
    expect(removeFromIsr(partitionOf({ isr: [1] }), [1], restarted)).toMatchObject({ isr: [], elr: [], leader: null });
  });

  it('changes nothing when it was not in it', () => {
    expect(removeFromIsr(partitionOf({ isr: [1, 2] }), [3], stopped)).toBeUndefined();
  });
});

describe('an ISR that its leader changes', () => {
  it('leaves nobody else eligible once it is large enough', () => {
    const small = partitionOf({ isr: [1], elr: [2] });
    expect(changeIsr(small, [3, 1], 2)).toMatchObject({ isr: [1, 3], elr: [], leaderEpoch: 5, partitionEpoch: 21 });
  });

  it('keeps whoever leaves eligible when it becomes too small', () => {
    expect(changeIsr(partitionOf(), [1], 2)).toMatchObject({ isr: [1], elr: [2, 3] });
  });

  it('ends the recovery from an unclean election when everybody is in it', () => {
    const recovering = partitionOf({ isr: [1], isRecovering: true });
    expect(changeIsr(recovering, [1, 2], 2)).toMatchObject({ isRecovering: true });
    expect(changeIsr(recovering, [1, 2, 3], 2)).toMatchObject({ isRecovering: false });
  });

  it('raises the partition epoch even when it is the same, so that an older proposal can only fail', () => {
    expect(changeIsr(partitionOf(), [3, 2, 1], 2)).toEqual(partitionOf({ partitionEpoch: 21 }));
  });
});

describe('the preferred leader', () => {
  it('is the first of the replicas, if it is alive and in sync', () => {
    const away = partitionOf({ leader: 2 });
    expect(preferredLeader(away, alive(1, 2), 2)).toMatchObject({ leader: 1, leaderEpoch: 6, partitionEpoch: 21 });
    expect(preferredLeader(away, alive(2), 2)).toBeUndefined();
    expect(preferredLeader(partitionOf({ leader: 2, isr: [2, 3] }), alive(1, 2, 3), 2)).toBeUndefined();
    expect(preferredLeader(partitionOf(), alive(1, 2, 3), 2)).toBeUndefined();
  });
});

describe('a leader that is about to stop', () => {
  it('gives way to another that is alive and in sync', () => {
    expect(drainLeader(partitionOf(), 1, alive(2, 3), 2)).toMatchObject({ leader: 2, isr: [1, 2, 3], leaderEpoch: 6 });
    expect(drainLeader(partitionOf({ isr: [1, 3] }), 1, alive(2, 3), 2)).toMatchObject({ leader: 3 });
  });

  it('leads on while there is no other', () => {
    expect(drainLeader(partitionOf({ isr: [1] }), 1, alive(2, 3), 2)).toBeUndefined();
    expect(drainLeader(partitionOf(), 2, alive(1, 3), 2)).toBeUndefined();
  });
});

describe('whatever happens to a partition', () => {
  it('its leader is in the ISR, nobody is eligible twice, and epochs only rise', () => {
    const event = fc.record({
      kind: fc.constantFrom('remove', 'restart', 'elect', 'grow', 'prefer', 'drain'),
      broker: fc.integer({ min: 1, max: 3 }),
      alive: fc.subarray([1, 2, 3]),
      minIsr: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 25 }), (events) => {
        let partition = partitionOf();
        for (const { kind, broker, alive: living, minIsr } of events) {
          const brokers = new Set(living);
          const leads = partition.leader !== null;
          const after =
            kind === 'remove' || kind === 'restart'
              ? removeFromIsr(partition, [broker], { minIsr, isUnclean: kind === 'restart' })
              : kind === 'elect'
                ? electLeader(partition, brokers, { unclean: false, minIsr })
                : kind === 'prefer'
                  ? preferredLeader(partition, brokers, minIsr)
                  : kind === 'drain'
                    ? drainLeader(partition, broker, brokers, minIsr)
                    : leads
                      ? changeIsr(partition, [...partition.isr, broker], minIsr)
                      : undefined;
          if (after === undefined) continue;
          const { leader, isr, elr } = after;
          expect(leader === null || isr.includes(leader)).toBe(true);
          expect(isr.filter((member) => elr.includes(member))).toEqual([]);
          expect(isr.length >= minIsr && elr.length > 0).toBe(false);
          expect(after.leaderEpoch - partition.leaderEpoch).toBe(leader === partition.leader ? 0 : 1);
          expect(after.partitionEpoch).toBe(partition.partitionEpoch + 1);
          partition = after;
        }
      }),
    );
  });
});
