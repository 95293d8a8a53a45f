import type { Message } from './messages.js';

/** One partition as a partitioner sees it (KafkaJS's `PartitionMetadata`); a leader of -1 means none at the moment. */
export interface PartitionMetadata {
  readonly partitionId: number;
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface PartitionerArgs {
  readonly topic: string;
  readonly partitionMetadata: readonly PartitionMetadata[];
  readonly message: Message;
}

/** Chooses the partition of one message: a number from 0 to one below the number of partitions. */
export type Partitioner = (args: PartitionerArgs) => number;

/**
 * Makes a partitioner for one producer; what it must remember lives in its closure.
 *
 * @example
 * // A partition a month: the records of one month stay together and in order.
 * const byMonth: CreatePartitioner = () => ({ message, partitionMetadata }) => {
 *   const date = new Date(Number(message.timestamp));
 *   return (date.getUTCFullYear() * 12 + date.getUTCMonth()) % partitionMetadata.length;
 * };
 * const producer = postlog.producer({ createPartitioner: byMonth });
 *
 * @example
 * // A region has a partition of its own; regions without one share the rest by key.
 * const byRegion: CreatePartitioner = () => ({ message, partitionMetadata }) => {
 *   const own = ['eu', 'us'].indexOf(String(message.headers?.['region']));
 *   return own >= 0 ? own : 2 + partitionForKey(message.key ?? '', partitionMetadata.length - 2);
 * };
 */
export type CreatePartitioner = () => Partitioner;

/** Spreads messages evenly and in turn over the partitions that have a leader, whatever their keys. */
export const roundRobinPartitioner: CreatePartitioner = () => {
  const turns = new Map<string, number>();
  return ({ topic, partitionMetadata }) => {
    const led = partitionMetadata.filter(({ leader }) => leader >= 0);
    const choices = led.length > 0 ? led : partitionMetadata;
    const turn = turns.get(topic) ?? 0;
    turns.set(topic, (turn + 1) % Number.MAX_SAFE_INTEGER);
    return choices[turn % choices.length]?.partitionId ?? 0;
  };
};

/** E37: the same key goes to the same partition as with Kafka's own clients, as long as their number stays. */
export function partitionForKey(key: Uint8Array | string, partitionCount: number): number {
  const hash = typeof key === 'string' ? hashOfText(key) : murmur2(key);
  return (hash & 0x7fff_ffff) % partitionCount;
}

/** The 32-bit hash of Kafka's Java client, signed as in Java. */
export function murmur2(key: Uint8Array): number {
  return hash(key, key.length);
}

const SEED = 0x9747_b28c;
const MULTIPLIER = 0x5bd1_e995;

function hash(bytes: Uint8Array, length: number): number {
  let h = SEED ^ length;
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    k = Math.imul(k, MULTIPLIER);
    h = Math.imul(h, MULTIPLIER) ^ Math.imul(k ^ (k >>> 24), MULTIPLIER);
  }
  const left = length - whole;
  if (left > 0) {
    if (left > 2) h ^= bytes[whole + 2]! << 16;
    if (left > 1) h ^= bytes[whole + 1]! << 8;
    h = Math.imul(h ^ bytes[whole]!, MULTIPLIER);
  }
  h = Math.imul(h ^ (h >>> 13), MULTIPLIER);
  return h ^ (h >>> 15);
}

/** Short texts, that is nearly all keys, are hashed from one buffer that is used again. */
const scratch = Buffer.allocUnsafe(1_024);

function hashOfText(key: string): number {
  if (key.length * 3 > scratch.length) return murmur2(Buffer.from(key));
  return hash(scratch, scratch.write(key, 0));
}

/**
 * Where records without a key go (E37, KIP-794): one partition of a topic until a batch's worth of bytes went there,
 * then another one. Batches become full, and a partition whose leader is slow, so that its queue grows, is chosen less.
 */
export class StickyChooser {
  readonly #random: () => number;
  readonly #batchSize: number;
  readonly #current = new Map<string, { partition: number; bytes: number }>();

  /** @param options.random gives 0 up to, not including, 1. */
  constructor(options: { readonly random: () => number; readonly batchSize: number }) {
    this.#random = options.random;
    this.#batchSize = options.batchSize;
  }

  /**
   * The partition for records that are handed over together. Where they would not fit into a batch with what went there
   * before, they go elsewhere as a whole: split, they would wait for two requests.
   *
   * @param queuedBytes for each partition, what waits for it in this producer.
   * @param bytes the size of the records.
   */
  choose(topic: string, queuedBytes: readonly number[], bytes: number): number {
    let current = this.#current.get(topic);
    if (current === undefined) {
      current = { partition: this.#draw(queuedBytes), bytes: 0 };
      this.#current.set(topic, current);
    } else if (current.bytes + bytes > this.#batchSize || current.partition >= queuedBytes.length) {
      current.partition = this.#draw(queuedBytes);
      current.bytes = 0;
    }
    current.bytes += bytes;
    return current.partition;
  }

  /** A partition's weight is how much shorter its queue is than the longest; with equal queues all weigh the same. */
  #draw(queuedBytes: readonly number[]): number {
    let longest = 0;
    let sum = 0;
    for (const queued of queuedBytes) {
      if (queued > longest) longest = queued;
      sum += queued;
    }
    let left = this.#random() * ((longest + 1) * queuedBytes.length - sum);
    for (let partition = 0; partition < queuedBytes.length - 1; partition++) {
      left -= longest + 1 - queuedBytes[partition]!;
      if (left < 0) return partition;
    }
    return Math.max(0, queuedBytes.length - 1);
  }
}
