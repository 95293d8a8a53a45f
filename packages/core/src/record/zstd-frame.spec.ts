import { canCompress, compress, decompress } from './compression.js';
import { windowLogFor } from './zstd-frame.js';

const MIB = 1024 * 1024;
const text = Buffer.from('{"order":17,"state":"paid"}'.repeat(5_000));
const corrupt = expect.objectContaining({ name: 'PostlogError', code: 'CORRUPT_MESSAGE' });
const tooLarge = expect.objectContaining({ name: 'PostlogError', code: 'MESSAGE_TOO_LARGE' });

describe('zstd', () => {
  // Source: the output of zstd 1.5 (`printf hello | zstd`, and 5 MB of zeros through a pipe, so without its size).
  const hello = Buffer.from('28b52ffd2405290000' + '68656c6c6f' + '42f7a9e2', 'hex');

  it('is read with any Node.js', () => {
    const frame = Buffer.from('28b52ffd' + '2005' + '290000' + '68656c6c6f', 'hex');
    expect(decompress('zstd', frame, 5).toString()).toBe('hello');
    expect(() => decompress('zstd', frame, 4)).toThrow(tooLarge);
    expect(() => decompress('zstd', Buffer.concat([frame, frame]), MIB)).toThrow(corrupt);
    expect(() => decompress('zstd', hello.subarray(0, -1), MIB)).toThrow(corrupt);
  });

  it('is bounded when the frame does not say its size', () => {
    const repeats = (blocks: number) => {
      const block = Buffer.from('020010' + '00', 'hex'); // Repeats a zero 131 072 times.
      const last = Buffer.from('030010' + '00', 'hex');
      return Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), ...Array<Buffer>(blocks - 1).fill(block), last]);
    };
    expect(decompress('zstd', repeats(8), MIB).equals(Buffer.alloc(MIB))).toBe(true);
    expect(() => decompress('zstd', repeats(9), MIB)).toThrow(tooLarge);
  });

  it('refuses a frame whose window alone would fill the memory', () => {
    expect(() => decompress('zstd', Buffer.from('28b52ffd00f8' + '010000', 'hex'), MIB)).toThrow(tooLarge);
  });

  it('refuses a frame that gives another size than it claims', () => {
    expect(() => decompress('zstd', Buffer.from('28b52ffd' + '2006' + '290000' + '68656c6c6f', 'hex'), 99)).toThrow(
      corrupt,
    );
  });

  it('is written where Node.js can, and else refused with the cure', async () => {
    if (canCompress('zstd')) return expect((await compress('zstd', text)).readUInt32LE(0)).toBe(0xfd2fb528);
    return expect(compress('zstd', text)).rejects.toThrow(/^\[UNSUPPORTED_COMPRESSION_TYPE\].*use Node.js 22.15/);
  });
});

describe('windowLogFor', () => {
  it.each([
    [1, 23],
    [8 * MIB, 23],
    [8 * MIB + 1, 24],
    [64 * MIB, 26],
  ])('allows for %d bytes a window of 2^%d', (maxBytes, log) => {
    expect(windowLogFor(maxBytes)).toBe(log);
  });
});
