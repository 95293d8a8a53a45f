import { RetryLaterError } from './retry-later-error.js';

describe('a handler that asks to be called later', () => {
  it('says when, and why', () => {
    expect(new RetryLaterError(50)).toMatchObject({ delayMs: 50, message: 'asked to be handled again in 50 ms' });
    expect(new RetryLaterError(0, 'busy').message).toBe('busy');
  });

  it.each([[-1], [0.5], [NaN], [Infinity], ['5s' as never]])('cannot name %p', (delayMs) => {
    expect(() => new RetryLaterError(delayMs)).toThrow(/whole milliseconds/);
  });
});
