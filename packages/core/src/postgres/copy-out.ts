import { PostlogError } from '../errors/postlog-error.js';

/** One row of a binary copy: a slice for each column, null for SQL's null. Slices are not copies. */
export type CopyRow = (Buffer | null)[];

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.length + 8;

/**
 * Reads the rows of `copy … to stdout (format binary)`, piece by piece as they come.
 *
 * Source: the PostgreSQL manual, chapter COPY, "Binary Format": an 11-byte signature, flags, an extension area; then
 * each tuple as a 16-bit count of fields, each field as a 32-bit length (-1 for null) and its bytes; a count of -1 ends it.
 * Pieces are joined only where a row crosses from one to the next, and then once: the stream as a whole is never copied.
 */
export class CopyRowReader {
  readonly rows: CopyRow[] = [];
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** With fewer bytes than these there is nothing whole to read. */
  #needed = HEADER_BYTES;
  #state: 'header' | 'rows' | 'ended' = 'header';

  /** @throws PostlogError `NETWORK_EXCEPTION` for bytes that are no binary copy */
  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes < this.#needed) return;
    const data = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces, this.#bytes);
    const rest = data.subarray(this.#read(data));
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }

  /** All rows, once the stream has ended. @throws PostlogError `NETWORK_EXCEPTION` when it ended too early */
  end(): CopyRow[] {
    if (this.#state !== 'ended') throw brokenCopy('it ended too early');
    return this.rows;
  }

  /** Reads what is whole; answers where the rest begins. */
  #read(data: Buffer): number {
    let at = 0;
    if (this.#state === 'header') {
      if (!data.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw brokenCopy('it has no signature');
      this.#needed = HEADER_BYTES + data.readInt32BE(HEADER_BYTES - 4);
      if (data.length < this.#needed) return 0;
      at = this.#needed;
      this.#state = 'rows';
    }
    while (this.#state === 'rows') {
      const next = this.#readRow(data, at);
      if (next === undefined) break;
      at = next;
    }
    return at;
  }

  /** Reads one row and answers where the next begins; undefined while it is not whole. */
  #readRow(data: Buffer, start: number): number | undefined {
    const isWhole = (end: number) => {
      if (end <= data.length) return true;
      this.#needed = end - start;
      return false;
    };
    if (!isWhole(start + 2)) return undefined;
    const columns = data.readInt16BE(start);
    if (columns === -1) {
      this.#state = 'ended';
      return start + 2;
    }
    const row: CopyRow = [];
    let at = start + 2;
    for (let column = 0; column < columns; column++) {
      if (!isWhole(at + 4)) return undefined;
      const length = data.readInt32BE(at);
      at += 4;
      if (length > 0 && !isWhole(at + length)) return undefined;
      row.push(length < 0 ? null : data.subarray(at, at + length));
      at += Math.max(length, 0);
    }
    this.rows.push(row);
    this.#needed = 0;
    return at;
  }
}

function brokenCopy(detail: string): PostlogError {
  return new PostlogError(
    'NETWORK_EXCEPTION',
    `a binary copy from Postgres is broken: ${detail}; the read is repeated.`,
  );
}
