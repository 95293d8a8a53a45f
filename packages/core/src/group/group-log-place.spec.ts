import { demandCoordinator, logEndOf } from './group-log-place.js';

describe('a broker that is asked about a group', () => {
  it.each([
    [14, 'COORDINATOR_LOAD_IN_PROGRESS'],
    [15, 'COORDINATOR_NOT_AVAILABLE'],
    [16, 'NOT_COORDINATOR'],
  ])('says why it does not coordinate it: %i is %s, and may be asked again', (refusal, code) => {
    expect(() => demandCoordinator('billing', refusal)).toThrow(expect.objectContaining({ code, retriable: true }));
    expect(() => demandCoordinator('billing', refusal)).toThrow(/group billing: .+/);
  });

  it('says nothing when it does', () => {
    expect(() => demandCoordinator('billing', 0)).not.toThrow();
    expect([logEndOf('7'), logEndOf(null), logEndOf(undefined)]).toEqual([7n, undefined, undefined]);
  });
});
