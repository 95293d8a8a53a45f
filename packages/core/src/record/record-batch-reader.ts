import { ByteCursor } from './byte-cursor.js';
import { decompress } from './compression.js';
import { corrupt } from './corrupt-batch.js';
import type { ConsumedMessage, Headers, HeaderValue } from './messages.js';
import { BATCH_HEADER_BYTES, LOG_APPEND_TIME, readBatchHeader, type BatchHeader } from './record-batch.js';

export interface DecodeOptions {
  /** The offset of the batch's first record: the log's column, not the bytes, knows it. */
  readonly baseOffset: bigint;
  /** Records below it are left out. */
  readonly fromOffset?: bigint;
  /** Most bytes that the records of one batch may take once they are decompressed [64 MiB]. */
  readonly maxDecompressedBytes?: number;
}

const DEFAULT_MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024;
/** A record's smallest form: its length, attributes, two deltas, a null key, a null value, no headers. */
const SMALLEST_RECORD_BYTES = 7;

/**
 * The records of a batch as KafkaJS gives them; a control batch has none for users.
 *
 * Keys and values are slices of the batch (of its decompressed records), not copies: whoever keeps one keeps the batch.
 * The checksum is not compared here, that is `verifyBatch`.
 *
 * @throws PostlogError `CORRUPT_MESSAGE` for bytes that are not a batch, `MESSAGE_TOO_LARGE` for one that grows too much.
 */
export function decodeBatch(batch: Buffer, options: DecodeOptions): ConsumedMessage[] {
  const header = readBatchHeader(batch);
  if (header.isControl) return [];
  const { baseOffset, fromOffset = baseOffset, maxDecompressedBytes = DEFAULT_MAX_DECOMPRESSED_BYTES } = options;
  const isPlain = header.compression === 'none';
  const body = isPlain
    ? batch
    : decompress(header.compression, batch.subarray(BATCH_HEADER_BYTES), maxDecompressedBytes);
  const start = isPlain ? BATCH_HEADER_BYTES : 0;
  if (header.recordCount * SMALLEST_RECORD_BYTES > body.length - start) {
    throw corrupt(`${header.recordCount} records do not fit into ${body.length - start} bytes`);
  }
  const cursor = new ByteCursor(body, start);
  const reader = new RecordReader(cursor, header, baseOffset, fromOffset);
  const messages: ConsumedMessage[] = [];
  for (let index = 0; index < header.recordCount; index++) {
    const message = reader.next();
    if (message !== undefined) messages.push(message);
  }
  if (!cursor.isAtEnd) throw corrupt('bytes follow its last record');
  return messages;
}

/** One batch's records in turn. It keeps texts that neighbours share, and works in plain numbers while they are exact. */
class RecordReader {
  readonly #cursor: ByteCursor;
  readonly #header: BatchHeader;
  readonly #baseOffset: bigint;
  /** The base offset as a number; -1 when offsets of this batch are too large to be exact. */
  readonly #base: number;
  readonly #firstDelta: number;
  readonly #hasLogAppendTime: boolean;
  #lastDelta = -1;
  #timestamp = Number.NaN;
  #timestampText = '';

  constructor(cursor: ByteCursor, header: BatchHeader, baseOffset: bigint, fromOffset: bigint) {
    this.#cursor = cursor;
    this.#header = header;
    this.#baseOffset = baseOffset;
    const isExact = baseOffset >= 0n && baseOffset + BigInt(header.lastOffsetDelta) <= Number.MAX_SAFE_INTEGER;
    this.#base = isExact ? Number(baseOffset) : -1;
    this.#firstDelta = fromOffset <= baseOffset ? 0 : Number(fromOffset - baseOffset);
    this.#hasLogAppendTime = (header.attributes & LOG_APPEND_TIME) !== 0;
  }

  /** The next record, or nothing for one that is not wanted. */
  next(): ConsumedMessage | undefined {
    const cursor = this.#cursor;
    const length = cursor.readVarint();
    const end = cursor.position + length;
    if (length < SMALLEST_RECORD_BYTES - 1) throw corrupt(`a record claims ${length} bytes`);
    const attributes = (cursor.readByte() << 24) >> 24;
    const timestampDelta = cursor.readVarlong();
    const offsetDelta = cursor.readVarint();
    if (offsetDelta <= this.#lastDelta || offsetDelta > this.#header.lastOffsetDelta) {
      throw corrupt(`offset delta ${offsetDelta} follows ${this.#lastDelta}`);
    }
    this.#lastDelta = offsetDelta;
    if (offsetDelta < this.#firstDelta) {
      cursor.skipTo(end);
      return undefined;
    }
    const message = {
      key: cursor.readBytes(),
      value: cursor.readBytes(),
      timestamp: this.#timestampOf(timestampDelta),
      attributes,
      offset: this.#offsetOf(offsetDelta),
      headers: readHeaders(cursor),
    };
    if (cursor.position !== end) throw corrupt(`a record of ${length} bytes ends elsewhere`);
    return message;
  }

  #offsetOf(delta: number): string {
    if (this.#base < 0) return String(this.#baseOffset + BigInt(delta));
    return decimal(this.#base + delta);
  }

  #timestampOf(delta: number): string {
    const { maxTimestamp, baseTimestamp } = this.#header;
    const timestamp = this.#hasLogAppendTime ? maxTimestamp : baseTimestamp + delta;
    if (timestamp !== this.#timestamp) {
      if (!Number.isSafeInteger(timestamp)) throw corrupt('a time is out of range');
      this.#timestamp = timestamp;
      this.#timestampText = decimal(timestamp);
    }
    return this.#timestampText;
  }
}

/** Above 31 bits a number's own `toString` is the general one for fractions, three times slower than a bigint's. */
function decimal(value: number): string {
  return (value | 0) === value ? String(value) : BigInt(value).toString();
}

/**
 * A record's headers, in an object of its own without a prototype: `__proto__` is a name like any other, and a handler
 * may change what it got. Values under one name become an array, as in KafkaJS. A header without a value (only other
 * clients can write one) reads as undefined; among several of its name it is left out.
 */
function readHeaders(cursor: ByteCursor): Headers {
  const headers = Object.create(null) as Record<string, HeaderValue | HeaderValue[] | undefined>;
  const count = cursor.readVarint();
  if (count < 0) throw corrupt(`a record claims ${count} headers`);
  for (let index = 0; index < count; index++) {
    const name = cursor.readText();
    const value = cursor.readBytes() ?? undefined;
    const known = headers[name];
    if (known === undefined) headers[name] = value;
    else if (value === undefined) continue;
    else if (Array.isArray(known)) known.push(value);
    else headers[name] = [known, value];
  }
  return headers;
}
