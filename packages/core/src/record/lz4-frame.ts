import { compressFrame, compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { corrupt, tooLarge } from './corrupt-batch.js';

/**
 * LZ4 in its frame format, as Kafka writes it for batches of version 2.
 *
 * The library behind this has no limit for its output, so the frame is walked first: one frame, whole blocks, an end
 * mark, nothing behind it, and a size that is allowed.
 */
const MAGIC = 0x184d2204;
const BLOCK_CHECKSUMS = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;
const NOT_COMPRESSED = 0x8000_0000;
/** Below this a body is compressed at once: the way to another thread and back takes longer. */
const SMALL_BODY_BYTES = 256 * 1024;

export function compressLz4(body: Buffer): Buffer | Promise<Buffer> {
  return body.length <= SMALL_BODY_BYTES ? compressFrameSync(body) : compressFrame(body);
}

export function decompressLz4(body: Buffer, maxBytes: number): Buffer {
  const size = checkFrame(body, maxBytes);
  const result = decompressFrameSync(body);
  if (size !== undefined && result.length !== size) throw corrupt(`its LZ4 frame claims ${size} bytes`);
  return result;
}

/** Walks the frame; answers the size that it must grow to, where that is known. */
function checkFrame(body: Buffer, maxBytes: number): number | undefined {
  if (body.length < 11 || body.readUInt32LE(0) !== MAGIC) throw corrupt('its LZ4 data is no frame');
  const flags = body[4]!;
  if (flags >>> 6 !== 1 || (flags & DICTIONARY) !== 0) throw corrupt('its LZ4 frame has unknown flags');
  let at = 6;
  let claimed: number | undefined;
  if ((flags & CONTENT_SIZE) !== 0) {
    if (body.length < 19) throw corrupt('its LZ4 frame is cut off');
    claimed = Number(body.readBigUInt64LE(at));
    if (claimed > maxBytes) throw tooLarge(claimed, maxBytes);
    at += 8;
  }
  const sizeCode = (body[5]! >>> 4) & 7;
  if (sizeCode < 4) throw corrupt('its LZ4 frame has an unknown block size');
  // The library holds every block to this, which for nearly all batches is proof enough.
  const mostOfBlock = 2 ** (8 + 2 * sizeCode);
  if (walkBlocks(body, at + 1, flags, () => mostOfBlock) <= maxBytes) return claimed;
  const total = walkBlocks(body, at + 1, flags, unfoldedBytes);
  if (total > maxBytes) throw tooLarge(total, maxBytes);
  return total;
}

/** Goes from block to block and adds up what they grow to; a block that is not compressed stays as it is. */
function walkBlocks(
  body: Buffer,
  start: number,
  flags: number,
  sizeOfBlock: (body: Buffer, start: number, end: number) => number,
): number {
  const checksumBytes = (flags & BLOCK_CHECKSUMS) === 0 ? 0 : 4;
  const endBytes = (flags & CONTENT_CHECKSUM) === 0 ? 0 : 4;
  let at = start;
  let total = 0;
  for (;;) {
    if (at + 4 > body.length) throw corrupt('its LZ4 frame has no end mark');
    const word = body.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const length = word % NOT_COMPRESSED;
    if (at + length + checksumBytes > body.length) throw corrupt('an LZ4 block is cut off');
    total += word >= NOT_COMPRESSED ? length : sizeOfBlock(body, at, at + length);
    at += length + checksumBytes;
  }
  if (at + endBytes !== body.length) throw corrupt('bytes follow its LZ4 frame');
  return total;
}

/** What a block grows to: the lengths of its literals and copies, added up without writing them. */
function unfoldedBytes(body: Buffer, start: number, end: number): number {
  let at = start;
  let total = 0;
  while (at < end) {
    const token = body[at++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more: number;
      do {
        more = body[at++] ?? 0;
        literals += more;
      } while (more === 255 && at < end);
    }
    total += literals;
    at += literals;
    if (at >= end) break; // A block ends with literals.
    at += 2;
    let copied = (token & 15) + 4;
    if (copied === 19) {
      let more: number;
      do {
        more = body[at++] ?? 0;
        copied += more;
      } while (more === 255 && at < end);
    }
    total += copied;
  }
  return total;
}
