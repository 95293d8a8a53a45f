import { delayAfter, delayWhileParked, nextStep, type FailurePolicy } from './failure-policy.js';
import { NonRetriableError } from './non-retriable-error.js';

const policy: FailurePolicy = {
  attempts: 3,
  delayMs: 100,
  factor: 2,
  maxDelayMs: 500,
  jitter: 0,
  retryIf: undefined,
  onExhausted: 'deadLetter',
  handlerId: undefined,
  maxParked: 10,
};
const record = { hasKey: true, random: () => 0.5 };
const error = new Error('no');

describe('what follows a failure', () => {
  it('is another attempt, later each time, until all are used up', () => {
    expect([1, 2, 3].map((attempt) => nextStep(error, attempt, policy, record))).toEqual([
      { kind: 'retry', afterMs: 100 },
      { kind: 'retry', afterMs: 200 },
      { kind: 'deadLetter' },
    ]);
  });

  it.each(['deadLetter', 'skip', 'pause', 'parkKey'] as const)(
    'is %s at once when no repeat can help',
    (onExhausted) => {
      const hopeless = { ...policy, onExhausted, retryIf: ({ message }: Error) => message !== 'hopeless' };
      expect(nextStep(new NonRetriableError('no order'), 1, hopeless, record)).toEqual({ kind: onExhausted });
      expect(nextStep(new Error('hopeless'), 1, hopeless, record)).toEqual({ kind: onExhausted });
      expect(nextStep(error, 1, hopeless, record).kind).toBe('retry');
    },
  );

  it('is a dead letter where a record without a key would be parked', () => {
    const parking = { ...policy, onExhausted: 'parkKey' } as const;
    expect(nextStep(error, 3, parking, { ...record, hasKey: false })).toEqual({ kind: 'deadLetter' });
    expect(nextStep(error, 3, parking, record)).toEqual({ kind: 'parkKey' });
  });

  it('is another attempt when the predicate of the user fails itself', () => {
    const retryIf = () => {
      throw new Error('a bug');
    };
    expect(nextStep(error, 1, { ...policy, retryIf }, record).kind).toBe('retry');
  });
});

describe('a delay', () => {
  it('grows up to its limit, and stays there however often it fails', () => {
    expect([1, 2, 3, 4, 5_000].map((attempt) => delayAfter(attempt, policy, () => 0.5))).toEqual([
      100, 200, 400, 500, 500,
    ]);
  });

  it('is spread by chance, never over the limit nor below nothing', () => {
    const spread = { ...policy, jitter: 0.5 };
    expect([0, 0.5, 1].map((chance) => delayAfter(2, spread, () => chance))).toEqual([100, 200, 300]);
    expect(delayAfter(9, { ...policy, jitter: 1 }, () => 1)).toBe(500);
    expect(delayAfter(9, { ...policy, jitter: 1 }, () => 0)).toBe(0);
  });

  it('is the longest at once for what no repeat is expected to cure while it is parked', () => {
    expect(delayWhileParked(new NonRetriableError('no order'), 1, policy, () => 0.5)).toBe(500);
    expect(delayWhileParked(error, 2, policy, () => 0.5)).toBe(200);
  });
});
