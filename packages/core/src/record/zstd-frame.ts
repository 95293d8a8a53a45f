import { Decompress } from 'fzstd';
import { corrupt, tooLarge } from './corrupt-batch.js';

/**
 * Looks at a zstd frame before it is unfolded, and unfolds it where Node.js itself cannot.
 *
 * Kafka's clients write one frame a batch, so anything behind it is damage.
 */
const MAGIC = 0xfd2f_b528;
const SMALLEST_WINDOW_LIMIT = 8 * 1024 * 1024; // RFC 8878: every reader should take windows up to 8 MiB.
const MAX_BLOCK_BYTES = 128 * 1024;
/** Widths of the fields, by the header's two-bit codes. */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];

export interface ZstdFrame {
  /** What the frame claims to grow to, if it claims it. */
  readonly contentBytes: number | undefined;
}

/** The base-2 logarithm of the largest window (the memory of the decoder) that goes with a limit for the result. */
export function windowLogFor(maxBytes: number): number {
  return Math.ceil(Math.log2(Math.max(maxBytes, SMALLEST_WINDOW_LIMIT)));
}

/** @throws PostlogError when this is not exactly one whole frame, or claims more than is allowed. */
export function checkZstdFrame(body: Buffer, maxBytes: number): ZstdFrame {
  if (body.length < 9 || body.readUInt32LE(0) !== MAGIC) throw corrupt('its zstd data is no frame');
  const descriptor = body[4]!;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  let at = 5;
  let windowBytes = 0;
  if (!isSingleSegment) {
    const base = 2 ** (10 + (body[at]! >>> 3));
    windowBytes = base + (base / 8) * (body[at]! & 7);
    at++;
  }
  at += DICTIONARY_ID_BYTES[descriptor & 3]!;
  const sizeCode = descriptor >>> 6;
  const sizeBytes = sizeCode === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeCode]!;
  if (at + sizeBytes > body.length) throw corrupt('its zstd frame is cut off');
  const contentBytes = readContentBytes(body, at, sizeBytes);
  if (contentBytes !== undefined && contentBytes > maxBytes) throw tooLarge(contentBytes, maxBytes);
  if (windowBytes > 2 ** windowLogFor(maxBytes)) throw tooLarge(windowBytes, maxBytes);
  const end = walkBlocks(body, at + sizeBytes) + ((descriptor & 4) === 0 ? 0 : 4);
  if (end !== body.length) throw corrupt('its zstd frame does not end with its data');
  return { contentBytes };
}

/** Unfolds a frame that was checked, piece by piece, and stops when it gives more than allowed. */
export function decompressZstd(body: Buffer, { contentBytes }: ZstdFrame, maxBytes: number): Buffer {
  const parts: Uint8Array[] = [];
  let total = 0;
  const stream = new Decompress((part) => {
    total += part.length;
    if (total > maxBytes) throw tooLarge(undefined, maxBytes);
    parts.push(part);
  });
  stream.push(body, true);
  if (contentBytes !== undefined && contentBytes !== total)
    throw corrupt(`its zstd frame claims ${contentBytes} bytes`);
  return Buffer.concat(parts, total);
}

function readContentBytes(body: Buffer, at: number, width: number): number | undefined {
  if (width === 0) return undefined;
  if (width === 8) return Number(body.readBigUInt64LE(at));
  return body.readUIntLE(at, width) + (width === 2 ? 256 : 0);
}

/** Goes from block to block; answers the place after the last. */
function walkBlocks(body: Buffer, start: number): number {
  let at = start;
  for (;;) {
    if (at + 3 > body.length) throw corrupt('its zstd frame has no last block');
    const header = body.readUIntLE(at, 3);
    const kind = (header >>> 1) & 3;
    const size = header >>> 3;
    if (kind === 3 || size > MAX_BLOCK_BYTES) throw corrupt('its zstd frame has an unknown block');
    at += 3 + (kind === 1 ? 1 : size); // Kind 1 repeats one byte.
    if ((header & 1) !== 0) return at;
  }
}
