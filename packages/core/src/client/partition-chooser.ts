import { PostlogError } from '../errors/postlog-error.js';
import type { Message } from '../record/messages.js';
import { partitionForKey, StickyChooser, type CreatePartitioner, type PartitionMetadata, type Partitioner } from '../record/partitioners.js';
import { shown } from './check-options.js';
import type { TopicMetadata } from './metadata-cache.js';

/** Which partition a record goes to: the one it names; else the custom partitioner's; else by its key; else the sticky one. */
export class PartitionChooser {
  readonly #custom: Partitioner | undefined;
  readonly #sticky: StickyChooser;
  readonly #described = new WeakMap<TopicMetadata, readonly PartitionMetadata[]>();

  constructor(options: { createPartitioner: CreatePartitioner | undefined; random: () => number; batchSize: number }) {
    this.#custom = options.createPartitioner?.();
    this.#sticky = new StickyChooser({ random: options.random, batchSize: options.batchSize });
  }

  /** @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION` for a partition that the topic does not have. */
  choose(metadata: TopicMetadata, message: Message, bytes: number, queuedBytes: () => readonly number[]): number {
    const count = metadata.partitions.length;
    if (message.partition !== undefined) return this.#checked(message.partition, metadata, 'the message names');
    if (this.#custom !== undefined) {
      const partition = this.#custom({ topic: metadata.topic, partitionMetadata: this.#describe(metadata), message });
      return this.#checked(partition, metadata, 'the partitioner chose');
    }
    if (message.key != null) return partitionForKey(message.key, count);
    return count === 1 ? 0 : this.#sticky.choose(metadata.topic, queuedBytes(), bytes);
  }

  #checked(partition: unknown, { topic, partitions }: TopicMetadata, who: string): number {
    if (typeof partition === 'number' && Number.isInteger(partition) && partition >= 0 && partition < partitions.length) return partition;
    throw new PostlogError(
      'UNKNOWN_TOPIC_OR_PARTITION',
      `${who} partition ${shown(partition)} of ${topic}, which has partitions 0 to ${partitions.length - 1}.`,
    );
  }

  #describe(metadata: TopicMetadata): readonly PartitionMetadata[] {
    let described = this.#described.get(metadata);
    if (described === undefined) {
      described = metadata.partitions.map(({ partition, brokerId }) => ({
        partitionId: partition,
        leader: brokerId,
        replicas: [brokerId],
        isr: [brokerId],
      }));
      this.#described.set(metadata, described);
    }
    return described;
  }
}
