import { isNonRetriable, NonRetriableError } from './non-retriable-error.js';

describe('an error that no repeat can cure', () => {
  it('is known by itself, as a cause, and when it is of a class of its own', () => {
    class Hopeless extends NonRetriableError {
      override readonly name = 'Hopeless';
    }
    const error = new NonRetriableError('no order', { cause: 'parser' });
    expect([error, new Hopeless(), new Error('outer', { cause: error })].map(isNonRetriable)).toEqual([
      true,
      true,
      true,
    ]);
    expect([error.name, error.message, error.cause]).toEqual(['NonRetriableError', 'no order', 'parser']);
  });

  it('is no other error, nor anything else that is thrown, nor an endless chain of causes', () => {
    const endless = new Error('endless');
    endless.cause = endless;
    expect([new Error('x'), 'text', null, undefined, endless].map(isNonRetriable)).toEqual(Array(5).fill(false));
  });
});
