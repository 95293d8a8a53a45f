import { createRequire } from 'node:module';
import { compress, decompress } from './compression.js';

/** LZ4 in plain JavaScript, by other hands than those that we use. */
const lz4js = createRequire(import.meta.url)('lz4js') as {
  [name in 'compress' | 'decompress']: (bytes: Uint8Array) => Uint8Array;
};
const MIB = 1024 * 1024;
const text = Buffer.from('{"order":17,"state":"paid"}'.repeat(5_000));
const corrupt = expect.objectContaining({ name: 'PostlogError', code: 'CORRUPT_MESSAGE' });
const tooLarge = expect.objectContaining({ name: 'PostlogError', code: 'MESSAGE_TOO_LARGE' });

describe('LZ4 frames', () => {
  it('reads their LZ4 frames, and they read ours', async () => {
    expect(decompress('lz4', Buffer.from(lz4js.compress(text)), MIB).equals(text)).toBe(true);
    expect(text.equals(lz4js.decompress(await compress('lz4', text)))).toBe(true);
  });

  it('relies on LZ4 blocks that never grow over the size that the frame names', async () => {
    const frame = await compress('lz4', Buffer.alloc(200_000));
    frame[5] = 0x40; // 64 KiB instead of 256 KiB,
    frame[6] = 0x82; // and the header checksum of that.
    expect(() => decompress('lz4', frame, MIB)).toThrow(corrupt);
  });

  it('reads an LZ4 frame with a block that is not compressed', () => {
    const frame = Buffer.from('04224d18' + '6040' + '82' + '02000080' + '6869' + '00000000', 'hex');
    expect(decompress('lz4', frame, 2).toString()).toBe('hi');
    expect(() => decompress('lz4', frame, 1)).toThrow(tooLarge);
  });
});
