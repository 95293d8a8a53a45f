import fc from 'fast-check';
import { ByteCursor } from './byte-cursor.js';
import { sizeOfVarint, writeVarint, writeVarlong } from './varint.js';

function written(write: (target: Buffer) => number): Buffer {
  const target = Buffer.alloc(16, 0xee);
  return target.subarray(0, write(target));
}

describe('varints', () => {
  // Source of the bytes: the encoding of protocol buffers' sint32 and sint64, which Kafka took.
  it.each([
    [0, '00'],
    [-1, '01'],
    [1, '02'],
    [-2, '03'],
    [63, '7e'],
    [-64, '7f'],
    [64, '8001'],
    [-65, '8101'],
    [8_191, 'fe7f'],
    [8_192, '808001'],
    [2 ** 31 - 1, 'feffffff0f'],
    [-(2 ** 31), 'ffffffff0f'],
  ])('writes %d as %s and reads it again', (value, hex) => {
    const bytes = written((target) => writeVarint(target, value, 0));
    expect(bytes.toString('hex')).toBe(hex);
    expect(sizeOfVarint(value)).toBe(bytes.length);
    expect(new ByteCursor(bytes, 0).readVarint()).toBe(value);
    expect(new ByteCursor(bytes, 0).readVarlong()).toBe(value);
  });

  it('reads every 32-bit number that it wrote', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const bytes = written((target) => writeVarint(target, value, 0));
        expect(bytes).toHaveLength(sizeOfVarint(value));
        expect(new ByteCursor(bytes, 0).readVarint()).toBe(value);
      }),
    );
  });

  it('reads every safe whole number that it wrote', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const cursor = new ByteCursor(
          written((target) => writeVarlong(target, value, 0)),
          0,
        );
        expect(cursor.readVarlong()).toBe(value);
        expect(cursor.isAtEnd).toBe(true);
      }),
    );
  });
});
