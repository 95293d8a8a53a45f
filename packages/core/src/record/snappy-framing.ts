import { compressSync, uncompressSync } from 'snappy';
import { corrupt, tooLarge } from './corrupt-batch.js';

/**
 * Snappy in the framing of xerial's snappy-java, which Kafka's Java client writes: a magic of 8 bytes, two version
 * numbers, then blocks, each behind its length. Some other clients write one bare block; that is read as well.
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const HEADER_BYTES = 16;
const BLOCK_BYTES = 32 * 1024;
/** Two bytes of a copy give at most 11, three bytes 64: no block grows more than this. */
const MAX_GROWTH = 22;

export function compressSnappy(body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeInt32BE(1, 8);
  header.writeInt32BE(1, 12);
  const parts: Buffer[] = [header];
  for (let at = 0; at < body.length; at += BLOCK_BYTES) {
    const block = compressSync(body.subarray(at, at + BLOCK_BYTES));
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

export function decompressSnappy(body: Buffer, maxBytes: number): Buffer {
  const blocks = blocksOf(body);
  let total = 0;
  for (const block of blocks) {
    const claimed = claimedBytes(block);
    total += claimed;
    if (total > maxBytes) throw tooLarge(total, maxBytes);
    if (claimed > block.length * MAX_GROWTH) throw corrupt(`a snappy block of ${block.length} bytes claims ${claimed}`);
  }
  const parts = blocks.map((block) => uncompressSync(block) as Buffer);
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total);
}

function blocksOf(body: Buffer): Buffer[] {
  if (body.length < HEADER_BYTES || MAGIC.compare(body, 0, MAGIC.length) !== 0) return [body];
  const blocks: Buffer[] = [];
  let at = HEADER_BYTES;
  while (at < body.length) {
    if (at + 4 > body.length) throw corrupt('a snappy block has no length');
    const length = body.readInt32BE(at);
    at += 4;
    if (length <= 0 || at + length > body.length) throw corrupt(`a snappy block claims a length of ${length}`);
    blocks.push(body.subarray(at, at + length));
    at += length;
  }
  return blocks;
}

/** The number in front of a block: seven bits a byte, lowest first. */
function claimedBytes(block: Buffer): number {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = block[index];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value;
  }
  throw corrupt('a snappy block has no size');
}
