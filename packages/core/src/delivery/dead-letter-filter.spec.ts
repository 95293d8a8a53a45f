import { isEmptyFilter, isMeant, type DeadLetterFilter } from './dead-letter-filter.js';

const letter = {
  id: '1:17',
  partition: 3,
  key: Buffer.from('größe'),
  errorName: 'TypeError',
  handlerId: 'invoices',
  failedAt: '1000',
};

describe('a filter for dead letters', () => {
  it.each<[DeadLetterFilter, boolean]>([
    [{}, true],
    [{ ids: ['1:16', '1:17'] }, true],
    [{ ids: [] }, false],
    [{ partition: 3 }, true],
    [{ partition: 0 }, false],
    [{ key: 'größe' }, true],
    [{ key: Buffer.from('größe') }, true],
    [{ key: 'gr' }, false],
    [{ errorName: 'TypeError' }, true],
    [{ errorName: 'Error' }, false],
    [{ handlerId: 'invoices' }, true],
    [{ handlerId: 'mails' }, false],
    [{ from: 1_000, until: 1_001 }, true],
    [{ from: 1_001 }, false],
    [{ until: 1_000 }, false],
    [{ partition: 3, errorName: 'Error' }, false],
  ])('%j means it: %s', (filter, expected) => {
    expect(isMeant(letter, filter)).toBe(expected);
  });

  it('with a key means no record without one', () => {
    expect(isMeant({ ...letter, key: null }, { key: '' })).toBe(false);
  });

  it('is empty when nothing is said', () => {
    expect(
      [{}, { partition: undefined }, { partition: 0 }].map((filter) => isEmptyFilter(filter as DeadLetterFilter)),
    ).toEqual([true, true, false]);
  });
});
