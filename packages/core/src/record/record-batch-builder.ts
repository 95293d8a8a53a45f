import { PostlogError } from '../errors/postlog-error.js';
import { compress, type CompressionName } from './compression.js';
import type { Message } from './messages.js';
import { ByteCursor } from './byte-cursor.js';
import { corrupt } from './corrupt-batch.js';
import { MAX_MOVED_BYTES, moveRecord } from './move-record.js';
import { BATCH_HEADER_BYTES, readBatchHeader, writeBatchHeader } from './record-batch.js';
import { boundRecordBytes, estimateRecordBytes, writeRecord } from './record-encoder.js';

export { estimateRecordBytes } from './record-encoder.js';

export interface BuildOptions {
  readonly compression: CompressionName;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

const DEFAULT_INITIAL_BYTES = 1_024;
const NO_TIMESTAMP = -1;

/**
 * Puts messages into one record batch.
 *
 * A message is encoded when it is appended: what its owner does to it afterwards has no effect. The records stand
 * behind room for the header, so that an uncompressed batch is built without copying them.
 */
export class RecordBatchBuilder {
  #buffer: Buffer;
  #end = BATCH_HEADER_BYTES;
  #recordCount = 0;
  #baseTimestamp = NO_TIMESTAMP;
  #maxTimestamp = NO_TIMESTAMP;
  readonly #deltas = { timestamp: 0, offset: 0 };
  /** The buffer went out as a batch: a further build must not change the header under its reader. */
  #isBufferGiven = false;
  #compressed:
    { readonly compression: CompressionName; readonly recordCount: number; body: Promise<Buffer> } | undefined;

  constructor(options: { readonly initialBytes?: number } = {}) {
    this.#buffer = Buffer.allocUnsafe(BATCH_HEADER_BYTES + (options.initialBytes ?? DEFAULT_INITIAL_BYTES));
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** Header and records so far, not compressed. */
  get sizeInBytes(): number {
    return this.#end;
  }

  /** Milliseconds since 1970; -1 while there is no record. */
  get maxTimestamp(): number {
    return this.#maxTimestamp;
  }

  /**
   * Adds a checked message.
   *
   * @param now the time of a message that names none, in milliseconds since 1970.
   */
  append(message: Message, now: number): void {
    this.#makeRoom(message);
    const timestamp = message.timestamp === undefined ? now : Number(message.timestamp);
    const isFirst = this.#recordCount === 0;
    this.#deltas.timestamp = isFirst ? 0 : timestamp - this.#baseTimestamp;
    this.#deltas.offset = this.#recordCount;
    this.#end = writeRecord(this.#buffer, this.#end, message, this.#deltas);
    // Only now: a message that could not be written leaves the batch as it was.
    if (isFirst) this.#baseTimestamp = timestamp;
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp;
    this.#recordCount++;
  }

  /**
   * Adds the records of a batch that is not compressed: as they are, but for what depends on their place (offset and time deltas).
   *
   * @throws PostlogError `CORRUPT_MESSAGE`
   */
  appendRecordsOf(batch: Buffer): void {
    const { baseTimestamp, maxTimestamp, recordCount } = readBatchHeader(batch);
    if (this.#recordCount === 0) this.#baseTimestamp = baseTimestamp;
    this.#demandBytes(this.#end + batch.length + recordCount * MAX_MOVED_BYTES);
    const cursor = new ByteCursor(batch, BATCH_HEADER_BYTES);
    const shift = baseTimestamp - this.#baseTimestamp;
    for (let index = 0; index < recordCount; index++) {
      this.#end = moveRecord(cursor, this.#buffer, this.#end, { timestampShift: shift, offset: this.#recordCount });
      this.#recordCount++;
    }
    if (!cursor.isAtEnd) throw corrupt('bytes follow its last record');
    if (maxTimestamp > this.#maxTimestamp) this.#maxTimestamp = maxTimestamp;
  }

  /**
   * The batch's bytes. May be called again with other producer fields: the records are compressed once, and bytes that
   * were given out before never change.
   */
  async build(options: BuildOptions): Promise<Buffer> {
    if (this.#recordCount === 0) {
      throw new PostlogError('INVALID_REQUEST', 'a record batch needs at least one record; append one before build().');
    }
    const { compression } = options;
    // Taken before the wait: records that are appended meanwhile belong to the next build.
    const fields = {
      ...options,
      recordCount: this.#recordCount,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.#maxTimestamp,
    };
    const batch = compression === 'none' ? this.#plainBatch() : frame(await this.#compressedBody(compression));
    writeBatchHeader(batch, fields);
    return batch;
  }

  #plainBatch(): Buffer {
    const batch = this.#buffer.subarray(0, this.#end);
    if (this.#isBufferGiven) return Buffer.from(batch);
    this.#isBufferGiven = true;
    return batch;
  }

  #compressedBody(compression: CompressionName): Promise<Buffer> {
    const known = this.#compressed;
    if (known?.compression === compression && known.recordCount === this.#recordCount) return known.body;
    const body = compress(compression, this.#buffer.subarray(BATCH_HEADER_BYTES, this.#end));
    this.#compressed = { compression, recordCount: this.#recordCount, body };
    return body;
  }

  #makeRoom(message: Message): void {
    if (this.#buffer.length - this.#end >= boundRecordBytes(message)) return;
    this.#demandBytes(this.#end + estimateRecordBytes(message));
  }

  #demandBytes(needed: number): void {
    if (this.#buffer.length >= needed) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
    this.#isBufferGiven = false;
  }
}

/** Room for the header in front of a body. */
function frame(body: Buffer): Buffer {
  const batch = Buffer.allocUnsafe(BATCH_HEADER_BYTES + body.length);
  body.copy(batch, BATCH_HEADER_BYTES);
  return batch;
}
