import { quoted } from './quoted.js';

describe('quoted', () => {
  it.each<[unknown, string]>([
    ['orders', '"orders"'],
    ['a"b\n', '"a\\"b\\n"'],
    ['\u202Etxt.exe', '"\\u202etxt.exe"'],
    ['\ud800', '"\\ud800"'],
    [1.5, '1.5'],
    [10n, '10n'],
    [2n ** 100_000n, 'a very large bigint'],
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [[1], 'an array'],
    [{ password: 'secret' }, 'an object'],
    [Buffer.from('secret'), '6 bytes'],
    [() => 'secret', 'a function'],
    [Symbol('secret'), 'a symbol'],
  ])('shows %p safely', (value, expected) => {
    expect(quoted(value)).toBe(expected);
  });

  it('shortens a text of 10 MB', () => {
    expect(quoted('x'.repeat(10_000_000))).toBe(`"${'x'.repeat(40)}"… (10000000 characters)`);
  });
});
