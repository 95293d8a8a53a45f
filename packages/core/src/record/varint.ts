/**
 * Kafka's zig-zag variable-length numbers, written straight into a buffer.
 *
 * A small number takes few bytes whatever its sign: 0, -1, 1, -2 become 0, 1, 2, 3, and seven bits go into each byte,
 * lowest first; the high bit says that more follow. Reading is `ByteCursor`'s part.
 */

/** Most bytes of a varint (32 bits) and of a varlong (64 bits). */
export const MAX_VARINT_BYTES = 5;
export const MAX_VARLONG_BYTES = 10;

/** Writes a 32-bit whole number at a place; answers the place after it. The caller has made room. */
export function writeVarint(target: Uint8Array, value: number, at: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

/** Writes a safe whole number as a varlong; answers the place after it. */
export function writeVarlong(target: Uint8Array, value: number, at: number): number {
  if ((value | 0) === value) return writeVarint(target, value, at);
  let rest = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
  while (rest > 0x7fn) {
    target[at++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  target[at++] = Number(rest);
  return at;
}

/** How many bytes `writeVarint` takes. */
export function sizeOfVarint(value: number): number {
  const rest = ((value << 1) ^ (value >> 31)) >>> 0;
  if (rest < 0x80) return 1;
  if (rest < 0x4000) return 2;
  if (rest < 0x20_0000) return 3;
  return rest < 0x1000_0000 ? 4 : 5;
}
