import { PostlogError } from '../errors/postlog-error.js';

/** One row of a binary copy: a slice of the stream for each column, null for SQL's null. Slices are not copies. */
export type CopyRow = (Buffer | null)[];

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

/**
 * Reads the rows of `copy … to stdout (format binary)`.
 *
 * Source: the PostgreSQL manual, chapter COPY, "Binary Format": an 11-byte signature, flags, an extension area; then
 * each tuple as a 16-bit count of fields, each field as a 32-bit length (-1 for null) and its bytes; a count of -1 ends it.
 *
 * @throws PostlogError `NETWORK_EXCEPTION` when the stream is not whole.
 */
export function readCopyRows(stream: Buffer): CopyRow[] {
  const rows: CopyRow[] = [];
  try {
    if (!stream.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new RangeError('no signature');
    let at = SIGNATURE.length + 8 + stream.readInt32BE(SIGNATURE.length + 4);
    for (let columns = stream.readInt16BE(at); columns !== -1; columns = stream.readInt16BE(at)) {
      at += 2;
      const row: CopyRow = new Array<Buffer | null>(columns);
      for (let column = 0; column < columns; column++) {
        const length = stream.readInt32BE(at);
        at += 4;
        row[column] = length < 0 ? null : whole(stream, at, at + length);
        at += Math.max(length, 0);
      }
      rows.push(row);
    }
    return rows;
  } catch (cause) {
    throw new PostlogError('NETWORK_EXCEPTION', 'a binary copy from Postgres ended too early; the read is repeated.', {
      cause,
    });
  }
}

function whole(stream: Buffer, from: number, to: number): Buffer {
  if (to > stream.length) throw new RangeError('field beyond the end');
  return stream.subarray(from, to);
}
