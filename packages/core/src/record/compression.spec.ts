import zlib from 'node:zlib';
import fc from 'fast-check';
import { canCompress, COMPRESSION_NAMES_BY_NUMBER, COMPRESSION_NUMBERS, compress, decompress } from './compression.js';

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
