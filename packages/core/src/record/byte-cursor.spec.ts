import { ByteCursor } from './byte-cursor.js';

const cursor = (hex: string) => new ByteCursor(Buffer.from(hex, 'hex'), 0);
const corrupt = expect.objectContaining({ name: 'PostlogError', code: 'CORRUPT_MESSAGE' });

describe('ByteCursor', () => {
  it('reads texts, bytes and nulls one after another', () => {
    const bytes = cursor('06616263' + '04beef' + '01' + '00');
    expect(bytes.readText()).toBe('abc');
    expect(bytes.readBytes()).toEqual(Buffer.from('beef', 'hex'));
    expect(bytes.readBytes()).toBeNull();
    expect(bytes.readBytes()).toEqual(Buffer.alloc(0));
    expect(bytes.isAtEnd).toBe(true);
  });

  it('gives slices of the bytes, not copies', () => {
    const bytes = Buffer.from('04beef', 'hex');
    const slice = new ByteCursor(bytes, 0).readBytes();
    bytes[1] = 0;
    expect(slice![0]).toBe(0);
  });

  it.each([
    ['a byte after the end', '', (bytes: ByteCursor) => bytes.readByte()],
    ['a number that is cut off', '8080', (bytes: ByteCursor) => bytes.readVarint()],
    ['a number of six bytes', '808080808001', (bytes: ByteCursor) => bytes.readVarint()],
    ['a number of 33 bits', '8080808010', (bytes: ByteCursor) => bytes.readVarint()],
    ['a long number of eleven bytes', '8080808080808080808001', (bytes: ByteCursor) => bytes.readVarlong()],
    ['a long number that is not exact', 'feffffffffffffffff01', (bytes: ByteCursor) => bytes.readVarlong()],
    ['bytes past the end', '06aabb', (bytes: ByteCursor) => bytes.readBytes()],
    ['a length below null', '03', (bytes: ByteCursor) => bytes.readBytes()],
    ['a text past the end', '0661', (bytes: ByteCursor) => bytes.readText()],
    ['a text that is null', '01', (bytes: ByteCursor) => bytes.readText()],
    ['a skip past the end', '00', (bytes: ByteCursor) => bytes.skipTo(2)],
    ['a skip back', '00', (bytes: ByteCursor) => bytes.skipTo(-1)],
  ])('refuses %s', (_, hex, read) => {
    expect(() => read(cursor(hex))).toThrow(corrupt);
  });
});
