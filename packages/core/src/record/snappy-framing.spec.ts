import { createRequire } from 'node:module';
import { compress, decompress } from './compression.js';

/** Snappy in plain JavaScript, by other hands than those that we use. */
const snappyjs = createRequire(import.meta.url)('snappyjs') as {
  [name in 'compress' | 'uncompress']: (bytes: Uint8Array) => Uint8Array;
};
const MIB = 1024 * 1024;
const text = Buffer.from('{"order":17,"state":"paid"}'.repeat(5_000));
const corrupt = expect.objectContaining({ name: 'PostlogError', code: 'CORRUPT_MESSAGE' });

describe('snappy framing', () => {
  it('reads their bare snappy block, and they read each of our blocks', async () => {
    expect(decompress('snappy', Buffer.from(snappyjs.compress(text)), MIB).equals(text)).toBe(true);
    const framed = await compress('snappy', text);
    expect(framed.subarray(0, 16).toString('hex')).toBe('82534e4150505900' + '00000001' + '00000001');
    const parts: Uint8Array[] = [];
    for (let at = 16; at < framed.length; at += 4 + framed.readInt32BE(at)) {
      parts.push(snappyjs.uncompress(framed.subarray(at + 4, at + 4 + framed.readInt32BE(at))));
    }
    expect(Buffer.concat(parts).equals(text)).toBe(true);
  });

  it('refuses a snappy block that claims more than snappy can give, before it makes room for it', () => {
    const claim = Buffer.from('80808010' + '00', 'hex'); // 32 MiB out of one byte.
    expect(() => decompress('snappy', claim, 64 * MIB)).toThrow(corrupt);
  });
});
