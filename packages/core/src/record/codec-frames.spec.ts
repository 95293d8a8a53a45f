import fc from 'fast-check';
import { checkContent, refused } from './check-content.js';
import { corrupt, tooLarge } from './corrupt-batch.js';
import { compressLz4, decompressLz4 } from './lz4-frame.js';
import { compressSnappy, decompressSnappy } from './snappy-framing.js';

const CODECS: [string, (body: Buffer) => Buffer | Promise<Buffer>, (body: Buffer, maxBytes: number) => Buffer][] = [
  ['snappy', compressSnappy, decompressSnappy],
  ['lz4', compressLz4, decompressLz4],
];

describe.each(CODECS)('%s', (_name, compress, decompress) => {
  it('gives back what went in, blocks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 600 }), async (seed, times) => {
        const body = Buffer.concat(Array.from({ length: times }, () => Buffer.from(seed)));
        fc.pre(body.length > 0);
        expect(decompress(await compress(body), body.length).equals(body)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('stops at the limit, and at every cut', async () => {
    const packed = await compress(Buffer.alloc(100_000, 'abc'));
    expect(() => decompress(packed, 99_999)).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
    for (let length = 0; length < packed.length; length += 7) {
      expect(() => decompress(packed.subarray(0, length), 100_000)).toThrow();
    }
  });
});

describe('what a batch is refused with', () => {
  it('says what is wrong and what to do', () => {
    expect(corrupt('its end is missing')).toMatchObject({
      code: 'CORRUPT_MESSAGE',
      message: expect.stringContaining('its end is missing') as string,
    });
    expect(tooLarge(9, 5)).toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      message: expect.stringContaining('9 bytes') as string,
    });
    expect(tooLarge(undefined, 5).message).toContain('more than 5');
  });
});

describe('content', () => {
  it('is taken as it is, without a copy, unless another thread may change it', () => {
    const bytes = Buffer.from('x');
    expect(checkContent(bytes, 'value', 0)).toBe(bytes);
    expect(checkContent('x\0', 'value', 0)).toBe('x\0');
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    expect(checkContent(shared, 'value', 0)).not.toBe(shared);
  });

  it('that cannot be stored exactly is refused with its place', () => {
    expect(() => checkContent({}, 'value', 3)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/messages\[3\].*JSON\.stringify/) as string }),
    );
    expect(refused(7, 'x').code).toBe('INVALID_RECORD');
  });
});
