import { PostlogError } from '../errors/postlog-error.js';
import {
  field,
  isAtRevision,
  rangeOf,
  readEntries,
  readGets,
  readIsAlive,
  readLeaseId,
  readRevision,
  readSucceeded,
  toBytes,
} from './etcd-messages.js';

describe("messages of etcd's JSON gateway", () => {
  it('name keys by prefix, and numbers as text', () => {
    expect(rangeOf('a/')).toEqual({ key: toBytes('a/'), range_end: toBytes('a0') });
    expect(isAtRevision('a', 2n ** 62n)).toMatchObject({ mod_revision: '4611686018427387904' });
  });

  it('are read with what is left out because it is zero, empty or false', () => {
    const header = { revision: '9007199254740993' };
    expect(readRevision({ header })).toBe(9007199254740993n);
    expect(readEntries({ header })).toEqual([]);
    expect(readEntries({ kvs: [{ key: toBytes('k'), mod_revision: '3' }] })).toEqual([
      { key: 'k', value: '', modRevision: '3', lease: '0' },
    ]);
    expect(readSucceeded({ header })).toBe(false);
    expect(readSucceeded({ succeeded: true })).toBe(true);
    expect(readIsAlive({ result: { ID: '1' } })).toBe(false);
    expect(readIsAlive({ result: { ID: '1', TTL: '2' } })).toBe(true);
    expect(readGets({ responses: [{ response_range: { header } }] })).toEqual([undefined]);
  });

  it.each([
    ['no object', () => readRevision('hello')],
    ['nothing', () => readLeaseId(null)],
    ['a number for text', () => readRevision({ header: { revision: 7 } })],
    ['an object for a list', () => readEntries({ kvs: {} })],
  ])('that are not etcd’s are an error that says so: %s', (_, read) => {
    expect(read).toThrow(PostlogError);
    expect(read).toThrow('not one of etcd');
  });

  it('have only fields of their own', () => {
    expect(field({}, 'constructor')).toBeUndefined();
  });
});
