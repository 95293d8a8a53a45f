import fc from 'fast-check';
import { migratedDatabase } from '../testing/migrated-database.js';
import { CopyRowReader, type CopyRow } from './copy-out.js';

const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const END = Buffer.from([0xff, 0xff]);

/** Reads a stream that arrives in pieces of this size. */
function readCopyRows(stream: Buffer, pieceBytes = stream.length): CopyRow[] {
  const reader = new CopyRowReader();
  for (let at = 0; at < stream.length; at += pieceBytes) reader.push(stream.subarray(at, at + pieceBytes));
  return reader.end();
}

function encode(rows: readonly (Uint8Array | null)[][]): Buffer {
  const parts: Uint8Array[] = [HEADER];
  for (const row of rows) {
    const count = Buffer.alloc(2);
    count.writeInt16BE(row.length);
    parts.push(count);
    for (const field of row) {
      const length = Buffer.alloc(4);
      length.writeInt32BE(field === null ? -1 : field.length);
      parts.push(length, ...(field === null ? [] : [field]));
    }
  }
  return Buffer.concat([...parts, END]);
}

describe('a binary copy', () => {
  it('is read as it was written, in whatever pieces it comes', () => {
    const rows = fc.array(fc.array(fc.option(fc.uint8Array()), { minLength: 1, maxLength: 9 }));
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 50 }), (written, pieceBytes) => {
        const read = readCopyRows(encode(written), pieceBytes);
        expect(read.map((row) => row.map((field) => (field === null ? null : [...field])))).toEqual(
          written.map((row) => row.map((field) => (field === null ? null : [...field]))),
        );
      }),
    );
  });

  it('that ends too early is an error, wherever it is cut', () => {
    const whole = encode([[Buffer.from('abc'), null], [Buffer.from('')]]);
    for (let length = 0; length < whole.length; length++) {
      expect(() => readCopyRows(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'NETWORK_EXCEPTION' }),
      );
    }
  });

  it('brings bytes from Postgres that text mode or the driver would not', async () => {
    const world = await migratedDatabase();
    const statement = {
      name: 'bytes',
      text: `select decode(string_agg(lpad(to_hex(b), 2, '0'), ''), 'hex') from generate_series($1::int, 255) b`,
    };
    const [row] = await world.database.copyOut(statement, [0]);
    expect([...row![0]!]).toEqual(Array.from({ length: 256 }, (_, index) => index));
    await world.drop();
  });
});
