import { resolveFailurePolicy, type FailureOptions } from './failure-options.js';

const group = {
  groupId: 'billing',
  topics: ['orders'],
  isAssigned: false,
  isTransactional: false,
  commitsByItself: true,
  mayPark: true,
};
const resolve = (options: unknown, surroundings: Partial<typeof group> | { groupId: null } = {}) =>
  resolveFailurePolicy(options as FailureOptions, { ...group, ...surroundings });

describe('failure options', () => {
  it('are none unless something is said', () => {
    expect(resolve({})).toBeUndefined();
  });

  it('have defaults that order can live with', () => {
    const policy = { attempts: 5, delayMs: 200, factor: 2, maxDelayMs: 60_000, jitter: 0.2, maxParked: 1_000 };
    expect(resolve({ retry: {} })).toMatchObject({ ...policy, onExhausted: 'deadLetter' });
    expect(resolve({ onExhausted: 'skip' })).toMatchObject({ ...policy, onExhausted: 'skip' });
    expect(resolve({ retry: { delayMs: 90_000 } })?.maxDelayMs).toBe(90_000);
  });

  it.each([
    [{ retry: { attempts: 0 } }, 'attempts'],
    [{ retry: { attempts: 1.5 } }, 'attempts'],
    [{ retry: { delayMs: -1 } }, 'delayMs'],
    [{ retry: { factor: 0.5 } }, 'factor'],
    [{ retry: { jitter: 2 } }, 'jitter'],
    [{ retry: { jitter: Number.NaN } }, 'jitter'],
    [{ retry: { maxDelayMs: '1s' } }, 'maxDelayMs'],
    [{ retry: { retryIf: true } }, 'retryIf'],
    [{ retry: { retries: 3 } }, 'retries'],
    [{ retry: 3 }, 'run().retry'],
    [{ onExhausted: 'dlq' }, 'onExhausted'],
    [{ handlerId: 'x' }, 'handlerId goes with'],
    [{ maxParked: 3 }, 'maxParked goes with'],
    [{ retry: {}, maxParked: 3 }, 'maxParked goes with'],
    [{ retry: {}, handlerId: 'a b' }, 'handlerId is'],
    [{ onExhausted: 'parkKey', maxParked: 0 }, 'maxParked is'],
  ])('refuses %j', (options, said) => {
    expect(() => resolve(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', message: expect.stringContaining(said) }),
    );
  });

  it.each([
    ['deadLetter', { groupId: null }],
    ['parkKey', { groupId: null }],
    ['parkKey', { mayPark: false }],
    ['parkKey', { isAssigned: true }],
    ['parkKey', { isTransactional: true }],
    ['parkKey', { commitsByItself: false }],
  ] as const)('refuses %s where it has no place: %j', (onExhausted, surroundings) => {
    expect(() => resolve({ onExhausted }, surroundings)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
    expect(resolve({ onExhausted: 'pause' }, surroundings)).toBeDefined();
  });

  it('refuses a group whose name no topic can have, also while no topic is known by name', () => {
    const said = expect.objectContaining({ code: 'INVALID_TOPIC_EXCEPTION' });
    expect(() => resolve({ retry: {} }, { groupId: 'the billing', topics: [] })).toThrow(said);
    expect(() => resolve({ retry: {} }, { topics: ['o'.repeat(240)] })).toThrow(said);
    expect(resolve({ onExhausted: 'skip' }, { groupId: 'the billing' })).toBeDefined();
  });
});
