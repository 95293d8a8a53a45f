/**
 * Kafka's codecs for the records of a batch, each in the framing that Kafka's Java client uses.
 *
 * Reading is bounded: what a body claims to grow to is looked at before it is decompressed, so a small body that would
 * fill the memory is refused without being unfolded.
 */
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { PostlogError } from '../errors/postlog-error.js';
import { corrupt, tooLarge } from './corrupt-batch.js';
import { compressLz4, decompressLz4 } from './lz4-frame.js';
import { compressSnappy, decompressSnappy } from './snappy-framing.js';
import { checkZstdFrame, decompressZstd, windowLogFor } from './zstd-frame.js';

export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** In the order of Kafka's numbers. */
export const COMPRESSION_NAMES_BY_NUMBER: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** The number that a batch's attributes hold. */
export const COMPRESSION_NUMBERS: Readonly<Record<CompressionName, number>> = {
  none: 0,
  gzip: 1,
  snappy: 2,
  lz4: 3,
  zstd: 4,
};

/** What newer releases of Node (from 22.15) add to zlib; the types that we compile with do not know it. */
interface ZstdOfZlib {
  readonly constants: { readonly ZSTD_d_windowLogMax: number };
  readonly zstdCompress: (body: Uint8Array, done: (error: Error | null, result: Buffer) => void) => void;
  readonly zstdDecompressSync: (
    body: Uint8Array,
    options: { readonly maxOutputLength: number; readonly params: Readonly<Record<number, number>> },
  ) => Buffer;
}

const gzip = promisify<Uint8Array, Buffer>(zlib.gzip);
const zstd: ZstdOfZlib | undefined = 'zstdCompress' in zlib ? (zlib as unknown as ZstdOfZlib) : undefined;

/** Whether this process can write the codec; it reads all of them. */
export function canCompress(name: CompressionName): boolean {
  return name !== 'zstd' || zstd !== undefined;
}

/**
 * Compresses the records of a batch, off the main thread where the work is worth it.
 *
 * @throws PostlogError `UNSUPPORTED_COMPRESSION_TYPE` for zstd on a Node.js without it.
 */
export async function compress(name: CompressionName, body: Buffer): Promise<Buffer> {
  switch (name) {
    case 'none':
      return body;
    case 'gzip':
      return gzip(body);
    case 'snappy':
      return compressSnappy(body);
    case 'lz4':
      return compressLz4(body);
    case 'zstd':
      if (zstd === undefined) throw noZstd();
      return promisify(zstd.zstdCompress)(body);
  }
}

/**
 * Decompresses the records of a batch.
 *
 * @throws PostlogError `CORRUPT_MESSAGE` for a body that is not the codec's, `MESSAGE_TOO_LARGE` for one that would give
 * more than `maxBytes`, which are never allocated.
 */
export function decompress(name: CompressionName, body: Buffer, maxBytes: number): Buffer {
  if (name === 'none') {
    if (body.length > maxBytes) throw tooLarge(body.length, maxBytes);
    return body;
  }
  try {
    if (name === 'gzip') return decompressGzip(body, maxBytes);
    if (name === 'snappy') return decompressSnappy(body, maxBytes);
    if (name === 'lz4') return decompressLz4(body, maxBytes);
    return decompressAnyZstd(body, maxBytes);
  } catch (error) {
    if (error instanceof PostlogError) throw error;
    if (isTooLarge(error)) throw tooLarge(undefined, maxBytes);
    throw corrupt(`its ${name} data cannot be read`, error);
  }
}

function decompressGzip(body: Buffer, maxBytes: number): Buffer {
  // With `info` the answer holds the engine too, which knows how far it read; the types do not say so.
  const options: zlib.ZlibOptions = { maxOutputLength: Math.max(1, maxBytes), info: true };
  const { buffer, engine } = zlib.gunzipSync(body, options) as unknown as {
    readonly buffer: Buffer;
    readonly engine: { readonly bytesWritten: number };
  };
  if (engine.bytesWritten !== body.length) throw corrupt('bytes follow its gzip data');
  return buffer;
}

function decompressAnyZstd(body: Buffer, maxBytes: number): Buffer {
  const frame = checkZstdFrame(body, maxBytes);
  if (zstd === undefined) return decompressZstd(body, frame, maxBytes);
  return zstd.zstdDecompressSync(body, {
    maxOutputLength: Math.max(1, maxBytes),
    params: { [zstd.constants.ZSTD_d_windowLogMax]: windowLogFor(maxBytes) },
  });
}

function isTooLarge(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null)?.code === 'ERR_BUFFER_TOO_LARGE';
}

function noZstd(): PostlogError {
  return new PostlogError(
    'UNSUPPORTED_COMPRESSION_TYPE',
    `Node.js ${process.versions.node} cannot write zstd; use Node.js 22.15 or later, or choose lz4, snappy or gzip.`,
  );
}
