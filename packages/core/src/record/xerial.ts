/**
 * Snappy as Kafka's clients write it: the stream format of xerial's snappy-java, a 16-byte header and then blocks, each
 * with a 32-bit length. A raw snappy block is read as well (librdkafka and others write it).
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const HEADER_BYTES = 16;
/** Bytes of a block before compression, as snappy-java has them. */
const BLOCK_BYTES = 32 * 1024;

export function writeXerial(body: Buffer, compressBlock: (block: Buffer) => Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeInt32BE(1, 8);
  header.writeInt32BE(1, 12);
  const parts: Buffer[] = [header];
  for (let at = 0; at < body.length; at += BLOCK_BYTES) {
    const block = compressBlock(body.subarray(at, at + BLOCK_BYTES));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

export function readXerial(stream: Buffer, maxBytes: number, uncompressBlock: (block: Buffer) => Buffer): Buffer {
  let total = 0;
  const read = (block: Buffer): Buffer => {
    total += declaredSize(block);
    if (total > maxBytes) throw new RangeError('its declared size is over the limit');
    return uncompressBlock(block);
  };
  if (!stream.subarray(0, MAGIC.length).equals(MAGIC)) return read(stream);
  const blocks: Buffer[] = [];
  for (let at = HEADER_BYTES; at < stream.length;) {
    const length = stream.readInt32BE(at);
    at += 4;
    if (length < 0 || at + length > stream.length) throw new RangeError('a block goes beyond the end');
    blocks.push(read(stream.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat(blocks);
}

/** A snappy block begins with its uncompressed length, as an unsigned varint. */
function declaredSize(block: Buffer): number {
  let size = 0;
  for (let index = 0; index < 5; index++) {
    const byte = block[index];
    if (byte === undefined) break;
    size += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return size;
  }
  throw new RangeError('a block without a length');
}
