/**
 * Kafka's record batch, version 2 ("magic 2"): a header of 61 bytes, then the records, perhaps compressed together.
 *
 *     base offset 8 · length 4 · leader epoch 4 · magic 1 · CRC-32C 4 · attributes 2 · last offset delta 4 ·
 *     base timestamp 8 · max timestamp 8 · producer id 8 · producer epoch 2 · base sequence 4 · record count 4
 *
 * The checksum covers everything from the attributes on. Base offset and leader epoch are known only to the log that
 * stores the batch, so a batch keeps its bytes on its whole way from the producer to the consumer.
 */
import { crc32c } from '@node-rs/crc32';
import { COMPRESSION_NAMES_BY_NUMBER, COMPRESSION_NUMBERS, type CompressionName } from './compression.js';
import { corrupt } from './corrupt-batch.js';

export const BATCH_HEADER_BYTES = 61;

/** The producer id of a batch that has none: its records are not protected against being repeated. */
export const NO_PRODUCER_ID = -1n;

/** A batch's producer fields when it has no producer id. */
export const NO_PRODUCER = { producerId: NO_PRODUCER_ID, producerEpoch: -1, baseSequence: -1 } as const;

export interface BatchHeader {
  readonly baseOffset: bigint;
  /** Bytes after the length field itself: 12 less than the whole batch. */
  readonly batchLength: number;
  readonly partitionLeaderEpoch: number;
  readonly attributes: number;
  readonly compression: CompressionName;
  readonly lastOffsetDelta: number;
  /** Milliseconds since 1970; -1 for none. */
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
}

/** What of a header its builder decides. */
export interface BatchHeaderFields {
  readonly compression: CompressionName;
  readonly recordCount: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** Attribute bits. */
export const LOG_APPEND_TIME = 0x08;
const CODEC_BITS = 0x07;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

const MAGIC = 2;
const BYTES_BEFORE_LENGTH_COUNTS = 12;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const TWO_TO_32 = 2 ** 32;

/**
 * Reads the header and compares it with the buffer; the records and the checksum are not looked at.
 *
 * @throws PostlogError `CORRUPT_MESSAGE`
 */
export function readBatchHeader(batch: Buffer): BatchHeader {
  if (batch.length < BATCH_HEADER_BYTES) throw corrupt(`${batch.length} bytes are too few for a header`);
  if (batch[16] !== MAGIC) throw corrupt(`format version ${batch[16]} is not known`);
  const batchLength = batch.readInt32BE(8);
  if (batchLength !== batch.length - BYTES_BEFORE_LENGTH_COUNTS) {
    throw corrupt(`its length field says ${batchLength}, it has ${batch.length - BYTES_BEFORE_LENGTH_COUNTS} bytes`);
  }
  const attributes = batch.readInt16BE(ATTRIBUTES_AT);
  const compression = COMPRESSION_NAMES_BY_NUMBER[attributes & CODEC_BITS];
  if (compression === undefined) throw corrupt(`compression codec ${attributes & CODEC_BITS} is not known`);
  const lastOffsetDelta = batch.readInt32BE(23);
  const recordCount = batch.readInt32BE(57);
  // Compaction removes records and keeps the last offset, so there may be fewer records than offsets, never more.
  if (lastOffsetDelta < 0 || recordCount < 0 || recordCount > lastOffsetDelta + 1) {
    throw corrupt(`it claims ${recordCount} records and a last offset delta of ${lastOffsetDelta}`);
  }
  return {
    baseOffset: batch.readBigInt64BE(0),
    batchLength,
    partitionLeaderEpoch: batch.readInt32BE(12),
    attributes,
    compression,
    lastOffsetDelta,
    baseTimestamp: readTimestamp(batch, 27),
    maxTimestamp: readTimestamp(batch, 35),
    producerId: batch.readBigInt64BE(43),
    producerEpoch: batch.readInt16BE(51),
    baseSequence: batch.readInt32BE(53),
    recordCount,
    isTransactional: (attributes & TRANSACTIONAL) !== 0,
    isControl: (attributes & CONTROL) !== 0,
  };
}

/**
 * Reads the header and compares the checksum: the bytes are those that the producer built.
 *
 * @throws PostlogError `CORRUPT_MESSAGE`
 */
export function verifyBatch(batch: Buffer): BatchHeader {
  const header = readBatchHeader(batch);
  if (batch.readUInt32BE(CRC_AT) !== checksum(batch)) throw corrupt('its checksum is wrong');
  return header;
}

/** Writes the header, checksum included, of a batch whose records stand behind it already. */
export function writeBatchHeader(batch: Buffer, fields: BatchHeaderFields): void {
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - BYTES_BEFORE_LENGTH_COUNTS, 8);
  batch.writeInt32BE(-1, 12);
  batch[16] = MAGIC;
  batch.writeInt16BE(COMPRESSION_NUMBERS[fields.compression], ATTRIBUTES_AT);
  batch.writeInt32BE(fields.recordCount - 1, 23);
  batch.writeBigInt64BE(BigInt(fields.baseTimestamp), 27);
  batch.writeBigInt64BE(BigInt(fields.maxTimestamp), 35);
  batch.writeBigInt64BE(fields.producerId, 43);
  batch.writeInt16BE(fields.producerEpoch, 51);
  batch.writeInt32BE(fields.baseSequence, 53);
  batch.writeInt32BE(fields.recordCount, 57);
  batch.writeUInt32BE(checksum(batch), CRC_AT);
}

function checksum(batch: Buffer): number {
  return crc32c(batch.subarray(ATTRIBUTES_AT));
}

/** A signed 64-bit number that must be a safe one: no clock gives another, only damage does. */
function readTimestamp(batch: Buffer, at: number): number {
  const value = batch.readInt32BE(at) * TWO_TO_32 + batch.readUInt32BE(at + 4);
  if (value < -1 || value > Number.MAX_SAFE_INTEGER) throw corrupt('a time of its header is out of range');
  return value;
}
