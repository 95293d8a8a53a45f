import { MAX_OFFSET, offset, parseOffset } from './offset.js';

describe('parseOffset', () => {
  it.each([
    ['0', 0n],
    ['9223372036854775807', MAX_OFFSET],
    [7n, 7n],
    [2 ** 53 - 1, 9_007_199_254_740_991n],
    [MAX_OFFSET, MAX_OFFSET],
  ])('reads %p', (value, expected) => {
    expect(parseOffset(value)).toBe(expected);
  });

  it.each([
    -1,
    '-1',
    -2n,
    1.5,
    2 ** 53,
    '9223372036854775808',
    2n ** 63n,
    '',
    ' 1',
    '0x1',
    Number.NaN,
    null,
    undefined,
    {},
  ])('refuses %p', (value) => {
    expect(() => parseOffset(value)).toThrow(
      expect.objectContaining({ name: 'PostlogError', code: 'OFFSET_OUT_OF_RANGE' }),
    );
  });

  it('brands a number', () => {
    expect(offset(5)).toBe(5n);
  });
});
