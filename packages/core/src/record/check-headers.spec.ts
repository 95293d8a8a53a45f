import { checkHeaders, MAX_HEADERS } from './check-headers.js';

const INVALID_RECORD = expect.objectContaining({ name: 'PostlogError', code: 'INVALID_RECORD' });

describe('checkHeaders', () => {
  const withHeaders = (headers: unknown) => checkHeaders(headers, 0);

  it('takes text, bytes, several values, any name of valid text', () => {
    const headers = { a: 'x', b: Buffer.from('y'), c: ['1', Buffer.from('2')], größe: '', constructor: 'c' };
    expect({ ...withHeaders(headers) }).toEqual(headers);
    expect(Object.keys(withHeaders(JSON.parse('{"__proto__":"p"}'))!)).toEqual(['__proto__']);
  });

  it('makes buffers of plain bytes and leaves out what is undefined', () => {
    const headers = withHeaders({ a: Uint8Array.of(1), b: undefined });
    expect(Buffer.isBuffer(headers['a'])).toBe(true);
    expect(Object.keys(headers)).toEqual(['a']);
  });

  it.each([
    ...[null, 'text', 1, [], new Map([['a', 'b']]), { '': 'x' }, { '\ud800': 'x' }, { a: null }, { a: 1 }, { a: {} }],
    ...[{ a: [['nested']] }, { a: [null] }, { a: [undefined] }, { a: '\udc00' }, { ['x'.repeat(1_000_000)]: 'x' }],
    { a: Array.from({ length: MAX_HEADERS + 1 }, () => 'x') },
    Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`h${index}`, 'x'])),
  ])('refuses %#', (headers) => {
    expect(() => withHeaders(headers)).toThrow(INVALID_RECORD);
  });
});
