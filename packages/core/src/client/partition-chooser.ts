import { PostlogError } from '../errors/postlog-error.js';
import type { Message } from '../record/messages.js';
import {
  partitionForKey,
  StickyChooser,
  type CreatePartitioner,
  type PartitionMetadata,
  type Partitioner,
} from '../record/partitioners.js';
import { shown } from './check-options.js';
import type { TopicMetadata } from './metadata-cache.js';

/** As Kafka writes it. */
const NO_LEADER = -1;

/** Which partition a record goes to: the one it names; else the custom partitioner's; else by its key; else the sticky one. */
export class PartitionChooser {
  readonly #custom: Partitioner | undefined;
  readonly #sticky: StickyChooser;
  readonly #batchSize: number;
  readonly #described = new WeakMap<TopicMetadata, readonly PartitionMetadata[]>();

  constructor(options: { createPartitioner: CreatePartitioner | undefined; random: () => number; batchSize: number }) {
    this.#custom = options.createPartitioner?.();
    this.#batchSize = options.batchSize;
    this.#sticky = new StickyChooser({ random: options.random, batchSize: options.batchSize });
  }

  /**
   * The partitions of messages that are sent together.
   *
   * @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION` for a partition that the topic does not have.
   */
  choose(
    metadata: TopicMetadata,
    messages: readonly Message[],
    sizes: readonly number[],
    queuedBytes: readonly number[],
  ): number[] {
    const count = metadata.partitions.length;
    let sticky = 0;
    let runEnd = 0;
    return messages.map((message, index) => {
      if (message.partition !== undefined) return this.#checked(message.partition, metadata, 'the message names');
      if (this.#custom !== undefined) {
        const partition = this.#custom({ topic: metadata.topic, partitionMetadata: this.#describe(metadata), message });
        return this.#checked(partition, metadata, 'the partitioner chose');
      }
      if (message.key != null) return partitionForKey(message.key, count);
      if (count === 1) return 0;
      if (index >= runEnd) {
        const run = this.#runFrom(index, sizes);
        runEnd = run.end;
        sticky = this.#sticky.choose(metadata.topic, queuedBytes, run.bytes);
      }
      return sticky;
    });
  }

  /** How many of the records from here on fit into one batch. */
  #runFrom(start: number, sizes: readonly number[]): { readonly end: number; readonly bytes: number } {
    let end = start;
    let bytes = 0;
    while (end < sizes.length && (end === start || bytes + sizes[end]! <= this.#batchSize)) bytes += sizes[end++]!;
    return { end, bytes };
  }

  #checked(partition: unknown, { topic, partitions }: TopicMetadata, who: string): number {
    if (typeof partition === 'number' && Number.isInteger(partition) && partition >= 0 && partition < partitions.length)
      return partition;
    throw new PostlogError(
      'UNKNOWN_TOPIC_OR_PARTITION',
      `${who} partition ${shown(partition)} of ${topic}, which has partitions 0 to ${partitions.length - 1}.`,
    );
  }

  #describe(metadata: TopicMetadata): readonly PartitionMetadata[] {
    let described = this.#described.get(metadata);
    if (described === undefined) {
      described = metadata.partitions.map(({ partition, leader, replicas, isr }) => ({
        partitionId: partition,
        leader: leader ?? NO_LEADER,
        replicas: [...replicas],
        isr: [...isr],
      }));
      this.#described.set(metadata, described);
    }
    return described;
  }
}
