import type { RequiredAcks } from '../broker/handle-produce.js';
import type { PostlogError } from '../errors/postlog-error.js';
import type { CompressionName } from '../record/compression.js';
import { buildAsWorthWhile } from '../record/build-as-worth-while.js';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import type { Message } from '../record/messages.js';
import type { TopicPartition } from '../record/topic-partition.js';
import type { Receipt } from './receipt.js';

/** The producer's fields of a batch, fixed when it is first sent: a retry sends the same. */
export interface BatchIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** Records of one partition that will be appended together, and who waits for them. */
export class ProducerBatch {
  /** Undefined: as it is worth while. */
  readonly compression: CompressionName | undefined;
  readonly acks: RequiredAcks;
  /** On the monotonic clock. */
  readonly createdAt: number;
  readonly deadline: number;
  identity: BatchIdentity | undefined;
  attempts = 0;
  /** Some attempt ended without an answer, so the records may be stored. */
  isInDoubt = false;
  /** Why the last attempt failed. */
  lastError: PostlogError | undefined;
  /** It was compressed and that saved next to nothing. */
  hardlyShrank = false;
  reservedBytes = 0;
  readonly #builder: RecordBatchBuilder;
  readonly #parts: { readonly receipt: Receipt; readonly first: number }[] = [];
  #bytes: Promise<Buffer> | undefined;
  #isSealed = false;

  constructor(options: {
    compression: CompressionName | undefined;
    acks: RequiredAcks;
    createdAt: number;
    deadline: number;
    initialBytes: number;
  }) {
    this.compression = options.compression;
    this.acks = options.acks;
    this.createdAt = options.createdAt;
    this.deadline = options.deadline;
    this.#builder = new RecordBatchBuilder({ initialBytes: options.initialBytes });
  }

  get recordCount(): number {
    return this.#builder.recordCount;
  }

  get sizeInBytes(): number {
    return this.#builder.sizeInBytes;
  }

  /** Whether a record of this size still belongs in here: not once it was built, and an empty batch takes any. */
  hasRoomFor(bytes: number, batchSize: number): boolean {
    if (this.#isSealed) return false;
    return this.#builder.recordCount === 0 || this.#builder.sizeInBytes + bytes <= batchSize;
  }

  /** Encodes the record now: what the caller does to its object later has no effect. */
  add(message: Message, now: number, receipt: Receipt | undefined): void {
    if (receipt !== undefined && this.#parts.at(-1)?.receipt !== receipt) {
      receipt.expect();
      this.#parts.push({ receipt, first: this.#builder.recordCount });
    }
    this.#builder.append(message, now);
  }

  /** The bytes to send, built and compressed once. `mayCompress` false: batches like it hardly shrank of late. */
  build(identity: BatchIdentity, mayCompress: boolean): Promise<Buffer> {
    this.identity = identity;
    this.#isSealed = true;
    this.#bytes ??= this.#build(identity, mayCompress);
    return this.#bytes;
  }

  async #build(identity: BatchIdentity, mayCompress: boolean): Promise<Buffer> {
    if (this.compression !== undefined) return this.#builder.build({ compression: this.compression, ...identity });
    const { bytes, hardlyShrank } = await buildAsWorthWhile(this.#builder, identity, mayCompress);
    this.hardlyShrank = hardlyShrank;
    return bytes;
  }

  deliver(place: TopicPartition, baseOffset: bigint, logStartOffset: bigint): void {
    for (const { receipt, first } of this.#parts) {
      receipt.deliver(place, baseOffset < 0n ? baseOffset : baseOffset + BigInt(first), logStartOffset);
    }
  }

  fail(error: PostlogError): void {
    for (const { receipt } of this.#parts) receipt.fail(error);
  }
}
