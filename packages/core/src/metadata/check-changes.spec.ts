import { checkChanges, checkName, sizeOf } from './check-changes.js';
import { MOST_BYTES, MOST_CHANGES } from './metadata-store.js';

const changeOf = (key: string, value = '1') => ({ key, expectedRevision: 0n, value });

describe('checking a commit of metadata', () => {
  it('takes as many changes and bytes as every store takes, and not one more', () => {
    const most = Array.from({ length: MOST_CHANGES }, (_, number) => changeOf(`key/${number}`));
    expect(() => checkChanges(most)).not.toThrow();
    expect(() => checkChanges([...most, changeOf('one-more')])).toThrow(/\[INVALID_REQUEST\] 101 changes are too many/);
    expect(() => checkChanges([changeOf('a', 'x'.repeat(MOST_BYTES - 1))])).not.toThrow();
    expect(() => checkChanges([changeOf('a', 'x'.repeat(MOST_BYTES))])).toThrow(/\[MESSAGE_TOO_LARGE\]/);
  });

  it('refuses a key that comes twice', () => {
    expect(() => checkChanges([changeOf('a'), changeOf('a')])).toThrow('key a is changed twice');
  });

  it.each(['', ' ', 'a b', 'a\u0000', 'ä', 'x'.repeat(501)])('refuses the name %j', (name) => {
    expect(() => checkName(name)).toThrow(/\[INVALID_REQUEST\]/);
  });

  it('counts bytes, not characters, and nothing for what is deleted or compared', () => {
    expect(sizeOf(changeOf('ab', '"ä"'))).toBe(6);
    expect(sizeOf({ key: 'ab', expectedRevision: 1n, value: null })).toBe(2);
    expect(sizeOf({ key: 'ab', expectedRevision: 1n })).toBe(2);
  });
});
