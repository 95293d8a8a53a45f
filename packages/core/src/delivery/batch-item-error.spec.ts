import { BatchItemError, failedItem } from './batch-item-error.js';

const messages = ['10', '11', '15', '16'].map((offset) => ({ offset }));

describe('what failed in a batch', () => {
  it('is what the handler says, with its cause', () => {
    const cause = new Error('no such customer');
    const error = new BatchItemError(2, cause);
    expect(error.message).toBe('record 2 of the batch failed: no such customer');
    expect(failedItem(error, messages, 11n)).toEqual({ index: 2, error: cause });
  });

  it.each([
    ['nothing is resolved', null, 0],
    ['the first is not', 10n, 0],
    ['two are, and the next offset is not in the batch', 12n, 2],
  ])('is the first record that is not resolved when %s', (_, resolved, index) => {
    const error = new Error('x');
    expect(failedItem(error, messages, resolved)).toEqual({ index, error });
  });

  it('is none of them when all are resolved', () => {
    expect(failedItem(new Error('x'), messages, 17n).index).toBe(-1);
  });

  it('is not what a handler of single records says', () => {
    const error = new BatchItemError(3, 'x');
    expect(failedItem(error, messages, 11n, false)).toEqual({ index: 1, error });
  });

  it.each([-1, 4, 0.5, Number.NaN])('is not what the handler says when there is no record %s', (index) => {
    const error = new BatchItemError(index, 'x');
    expect(failedItem(error, messages, 11n)).toEqual({ index: 1, error });
  });
});
