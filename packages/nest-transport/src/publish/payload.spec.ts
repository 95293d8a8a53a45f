import fc from 'fast-check';
import { readPayload, writePayload } from './payload.js';

const read = (text: string) => readPayload({ value: Buffer.from(text) });

describe('payloads', () => {
  it('come back as they went out', () => {
    fc.assert(
      fc.property(fc.object(), (value) => {
        const sent = JSON.parse(JSON.stringify(value)) as object;
        fc.pre(!/__proto__|constructor/.test(JSON.stringify(sent)));
        expect(read(writePayload(sent) as string)).toEqual(sent);
      }),
    );
  });

  it('are text where they are no JSON, and null for a tombstone', () => {
    expect(read('{half')).toBe('{half');
    expect(readPayload({ value: null })).toBeNull();
    expect(writePayload(null)).toBeNull();
    expect(writePayload('as it is')).toBe('as it is');
  });

  it('cannot reach a prototype', () => {
    const payload = read(
      '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"id":1}',
    ) as object;
    expect(Object.keys(payload)).toEqual(['id']);
    expect((Object.assign({}, payload) as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('without a JSON form are refused', () => {
    expect(() => writePayload(undefined)).toThrow('no JSON form');
    expect(() => writePayload(() => 1)).toThrow('no JSON form');
  });
});
