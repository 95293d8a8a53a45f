import fc from 'fast-check';
import type { Format } from '../topic/topic.js';
import { decodePayload, readPayload, writePayload } from './payload.js';

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

describe('payloads of a topic with a contract', () => {
  const contract = (format: Format) => ({ name: 'orders', format });
  const there = (value: unknown, format: Format) => {
    const written = writePayload(value, contract(format));
    return decodePayload({ value: written === null ? null : Buffer.from(written) }, contract(format));
  };

  it.each([
    ['json', '123'],
    ['json', { id: 1 }],
    ['json', null],
    ['text', '123'],
    ['text', null],
    ['bytes', Buffer.from([1, 255])],
  ] as const)('of %s come back as they went out: %p', (format, value) => {
    expect(there(value, format)).toEqual(value);
  });

  it('are refused where they are not what it says', () => {
    const half = { value: Buffer.from('{half') };
    expect(() => decodePayload(half, contract('json'))).toThrow('the value is no JSON, and records of orders are');
    expect(() => writePayload({ id: 1 }, contract('text'))).toThrow('is no text');
    expect(() => writePayload('1', contract('bytes'))).toThrow('is no bytes');
    expect(readPayload(half, 'json')).toBe('{half');
  });
});
