import { partitionOf } from './cluster.cases.js';
import { changeIsr } from './leader-election.js';
import { cancelReassignment, finishReassignment, isReassigning, startReassignment } from './partition-reassignment.js';

const brokers = new Set([1, 2, 3, 4, 5]);
const all = brokers;
const refused = (message: string) =>
  expect.objectContaining({ code: 'INVALID_REQUEST', message: expect.stringContaining(message) as string }) as Error;
const moving = startReassignment(partitionOf(), [4, 5, 3], brokers)!;

describe('a reassignment', () => {
  it('adds the new replicas first and keeps the old ones', () => {
    expect(moving).toMatchObject({
      replicas: [4, 5, 3, 1, 2],
      addingReplicas: [4, 5],
      removingReplicas: [1, 2],
      isr: [1, 2, 3],
      leader: 1,
      leaderEpoch: 5,
      partitionEpoch: 21,
    });
    expect(isReassigning(moving)).toBe(true);
  });

  it('goes on until all new replicas are in sync', () => {
    const almost = changeIsr(moving, [1, 2, 3, 4], 2);
    expect(finishReassignment(moving, all, 2)).toBeUndefined();
    expect(finishReassignment(almost, all, 2)).toBeUndefined();
  });

  it('then drops the old ones in one change, and the leadership goes to a new one', () => {
    const ready = changeIsr(moving, [1, 2, 3, 4, 5], 2);
    expect(finishReassignment(ready, all, 2)).toEqual({
      ...partitionOf(),
      replicas: [4, 5, 3],
      isr: [4, 5, 3],
      leader: 4,
      leaderEpoch: 6,
      partitionEpoch: 23,
    });
  });

  it('keeps a leader that stays', () => {
    const towards = startReassignment(partitionOf({ leader: 3 }), [4, 3], brokers)!;
    const ready = changeIsr(towards, [1, 2, 3, 4], 2);
    expect(finishReassignment(ready, all, 2)).toMatchObject({ replicas: [4, 3], leader: 3, leaderEpoch: 5 });
  });

  it('does not end while nobody of the new ones that are in sync could lead', () => {
    const ready = changeIsr(moving, [1, 2, 3, 4, 5], 2);
    expect(finishReassignment(ready, new Set([1, 2]), 2)).toBeUndefined();
  });

  it('to fewer replicas ends as soon as those are in sync', () => {
    const shrinking = startReassignment(partitionOf(), [2], brokers)!;
    expect(finishReassignment(shrinking, all, 2)).toMatchObject({ replicas: [2], isr: [2], elr: [], leader: 2 });
  });

  it('that only changes the order makes another leader the preferred one', () => {
    expect(startReassignment(partitionOf(), [3, 1, 2], brokers)).toMatchObject({ replicas: [3, 1, 2], leader: 1 });
    expect(startReassignment(partitionOf(), [1, 2, 3], brokers)).toBeUndefined();
  });

  it('is cancelled to the old replicas', () => {
    const almost = changeIsr(moving, [1, 2, 3, 4], 2);
    expect(cancelReassignment(almost, all, 2)).toMatchObject({
      replicas: [3, 1, 2],
      addingReplicas: [],
      removingReplicas: [],
      isr: [3, 1, 2],
      leader: 1,
      leaderEpoch: 5,
    });
    expect(cancelReassignment(partitionOf(), all, 2)).toBeUndefined();
  });

  it('is not cancelled when only new replicas have every record', () => {
    const ahead = { ...changeIsr(moving, [4, 5], 2), leader: 4 };
    expect(() => cancelReassignment(ahead, all, 2)).toThrow(refused('no old replica of partition 0 is in sync'));
  });

  it.each([
    [[], 'name at least one'],
    [[1, 1], 'each once'],
    [[1, 9], 'of the registered brokers 1, 2, 3, 4, 5'],
  ])('to %j is refused', (targets, message) => {
    expect(() => startReassignment(partitionOf(), targets, brokers)).toThrow(refused(message));
  });

  it('does not begin while another is under way', () => {
    expect(() => startReassignment(moving, [1, 2, 3], brokers)).toThrow(refused('cancel it first'));
  });
});
