import { corrupt } from './corrupt-batch.js';

/**
 * Reads a record's parts one after another and never past the end of the bytes.
 *
 * @throws PostlogError `CORRUPT_MESSAGE` from every method when the bytes do not hold what they claim.
 */
export class ByteCursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  position: number;

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.position = position;
  }

  get isAtEnd(): boolean {
    return this.position >= this.#end;
  }

  readByte(): number {
    if (this.position >= this.#end) throw corrupt('a record ends too early');
    return this.#bytes[this.position++]!;
  }

  /** A zig-zag number of 32 bits. */
  readVarint(): number {
    const first = this.readByte();
    // Nearly every number of a record fits one byte or two.
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    let raw = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.readByte();
      if (shift === 28 && byte > 0x0f) break;
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1);
    }
    throw corrupt('a number has more than 32 bits');
  }

  /** A zig-zag number of 64 bits that must be a safe whole number. */
  readVarlong(): number {
    const start = this.position;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.readByte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    this.position = start;
    return this.#readLongVarlong();
  }

  /** The next bytes as a slice, not a copy. */
  take(length: number): Buffer {
    const start = this.position;
    const end = start + length;
    if (length < 0 || end > this.#end) throw corrupt(`a length of ${length} goes past the end of the batch`);
    this.position = end;
    return this.#bytes.subarray(start, end);
  }

  /** Goes on from a later place. */
  skipTo(position: number): void {
    if (position < this.position || position > this.#end) throw corrupt('a length goes past the end of the batch');
    this.position = position;
  }

  /** Bytes behind their length; -1 stands for null. */
  readBytes(): Buffer | null {
    const length = this.readVarint();
    return length === -1 ? null : this.take(length);
  }

  /** Text behind its length. */
  readText(): string {
    const length = this.readVarint();
    const start = this.position;
    const end = start + length;
    if (length < 0 || end > this.#end) throw corrupt(`a name of ${length} bytes goes past the end of the batch`);
    this.position = end;
    return this.#bytes.toString('utf8', start, end);
  }

  #readLongVarlong(): number {
    let raw = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.readByte();
      if (shift === 63n && byte > 1) break;
      raw |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const value = Number(raw & 1n ? -(raw >> 1n) - 1n : raw >> 1n);
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw corrupt('a time is out of range');
  }
}
