import { ERROR_CODES, errorCodeOf } from './error-code.js';
import { PostlogError } from './postlog-error.js';

describe('errors', () => {
  it('carry the code in the message, the origin in the cause, and know whether a repeat may help', () => {
    const cause = new Error('socket');
    const error = new PostlogError('NETWORK_EXCEPTION', 'the connection broke.', { cause, outcome: 'unknown' });
    expect(error).toMatchObject({
      name: 'PostlogError',
      message: '[NETWORK_EXCEPTION] the connection broke.',
      outcome: 'unknown',
      retriable: true,
    });
    expect(error.cause).toBe(cause);
    expect(new PostlogError('INVALID_CONFIG', 'x')).toMatchObject({ outcome: 'failed', retriable: false });
  });

  it('are of one class for the ESM and the CommonJS build of the package', () => {
    const mark = Symbol.for('@postlog/core/PostlogError');
    expect(Object.assign(new Error('of the other build'), { [mark]: true })).toBeInstanceOf(PostlogError);
    expect(new PostlogError('INVALID_CONFIG', 'x')).toHaveProperty([mark], true);
    expect([new Error('x'), null, 'x'].some((value: unknown) => value instanceof PostlogError)).toBe(false);
  });

  it('have numbers of their own, and an unknown number is an unknown server error', () => {
    const numbers = Object.values(ERROR_CODES).map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const [name, { number }] of Object.entries(ERROR_CODES)) expect(errorCodeOf(number)).toBe(name);
    expect(errorCodeOf(4_711)).toBe('UNKNOWN_SERVER_ERROR');
  });
});
