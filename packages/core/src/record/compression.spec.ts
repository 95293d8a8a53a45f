import { createRequire } from 'node:module';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { canCompress, COMPRESSION_NAMES_BY_NUMBER, COMPRESSION_NUMBERS, compress, decompress } from './compression.js';

/** Codecs in plain JavaScript, by other hands than those that we use. */
const require = createRequire(import.meta.url);
const lz4js = require('lz4js') as Record<'compress' | 'decompress', (bytes: Uint8Array) => Uint8Array>;
const snappyjs = require('snappyjs') as Record<'compress' | 'uncompress', (bytes: Uint8Array) => Uint8Array>;

const MIB = 1024 * 1024;
const codecs = COMPRESSION_NAMES_BY_NUMBER.filter(canCompress);
const text = Buffer.from('{"order":17,"state":"paid"}'.repeat(5_000));
const corrupt = expect.objectContaining({ name: 'PostlogError', code: 'CORRUPT_MESSAGE' });
const tooLarge = expect.objectContaining({ name: 'PostlogError', code: 'MESSAGE_TOO_LARGE' });
const typed = expect.objectContaining({ name: 'PostlogError' });

describe.each(codecs)('%s', (name) => {
  it('gives back any bytes, in Kafka’s order of numbers', async () => {
    expect(COMPRESSION_NAMES_BY_NUMBER[COMPRESSION_NUMBERS[name]]).toBe(name);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        const body = Buffer.from(bytes);
        expect(decompress(name, await compress(name, body), 2_000).equals(body)).toBe(true);
      }),
    );
  });

  it('gives back bodies of many blocks', async () => {
    for (const length of [32 * 1024, 32 * 1024 + 1, 300 * 1024, 5 * MIB]) {
      const body = Buffer.alloc(length, text);
      const compressed = await compress(name, body);
      if (name !== 'none') expect(compressed.length).toBeLessThan(length / 4);
      expect(decompress(name, compressed, length).equals(body)).toBe(true);
    }
  });

  it('refuses a body that grows by one byte more than allowed', async () => {
    const compressed = await compress(name, text);
    expect(() => decompress(name, compressed, text.length - 1)).toThrow(tooLarge);
  });

  it('refuses a bomb without unfolding it', async () => {
    const bomb = await compress(name, Buffer.alloc(64 * MIB));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decompress(name, bomb, MIB)).toThrow(tooLarge);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * MIB);
  });
});

describe.each(codecs.filter((name) => name !== 'none'))('damaged %s', (name) => {
  it('is refused when it is cut off, wherever that is', async () => {
    const compressed = await compress(name, Buffer.from('a body that is not long, not long, not long at all'));
    for (let length = 0; length < compressed.length; length++) {
      // An xerial stream that ends behind its header is an empty one, as for Kafka; no other codec has such a place.
      if (name === 'snappy' && length === 16) continue;
      expect(() => decompress(name, compressed.subarray(0, length), MIB)).toThrow(corrupt);
    }
  });

  it('is refused when bytes follow it', async () => {
    const compressed = await compress(name, text);
    for (const junk of [Buffer.alloc(1), Buffer.from('junk'), compressed]) {
      if (name === 'snappy' && junk === compressed) continue; // A block with a length that is out of range: see below.
      const isGzipTwice = name === 'gzip' && junk === compressed; // RFC 1952 allows a file of several members.
      if (!isGzipTwice) expect(() => decompress(name, Buffer.concat([compressed, junk]), MIB)).toThrow(corrupt);
    }
  });

  it('ends in a typed error or in bytes within the limit, whichever bit is flipped', async () => {
    const compressed = await compress(name, Buffer.from('abcdefgh'.repeat(100)));
    for (let bit = 0; bit < compressed.length * 8; bit++) {
      const damaged = Buffer.from(compressed);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expectTypedOrSmall(() => decompress(name, damaged, 10_000), 10_000);
    }
  });
});

describe('random bytes', () => {
  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('for %s end in a typed error or within the limit', (name) => {
    const heads = { gzip: '1f8b0800', snappy: '82534e415050590000000001', lz4: '04224d186040', zstd: '28b52ffd' };
    const head = Buffer.from(heads[name], 'hex');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, withHead) => {
        const body = withHead ? Buffer.concat([head, bytes]) : Buffer.from(bytes);
        expectTypedOrSmall(() => decompress(name, body, 10_000), 10_000);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('LZ4 and snappy of other hands', () => {
  it('reads their LZ4 frames, and they read ours', async () => {
    expect(decompress('lz4', Buffer.from(lz4js.compress(text)), MIB).equals(text)).toBe(true);
    expect(text.equals(lz4js.decompress(await compress('lz4', text)))).toBe(true);
  });

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
      typed,
    );
  });

  it('is written where Node.js can, and else refused with the cure', async () => {
    if (canCompress('zstd')) return expect((await compress('zstd', text)).readUInt32LE(0)).toBe(0xfd2fb528);
    return expect(compress('zstd', text)).rejects.toThrow(/^\[UNSUPPORTED_COMPRESSION_TYPE\].*use Node.js 22.15/);
  });
});

describe('gzip', () => {
  it('reads several members, as RFC 1952 has it, and refuses zlib’s other format', () => {
    const members = Buffer.concat([zlib.gzipSync('ab'), zlib.gzipSync('cd')]);
    expect(decompress('gzip', members, 4).toString()).toBe('abcd');
    expect(() => decompress('gzip', zlib.deflateSync('ab'), 4)).toThrow(corrupt);
  });
});

function expectTypedOrSmall(read: () => Buffer, limit: number): void {
  let result: Buffer;
  try {
    result = read();
  } catch (error) {
    expect(error).toEqual(typed);
    return;
  }
  expect(result.length).toBeLessThanOrEqual(limit);
}
