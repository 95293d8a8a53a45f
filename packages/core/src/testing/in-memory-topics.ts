import type { ClusterPartition, ClusterTopic, ClusterTopics } from '../client/cluster.js';
import type { AssignablePartition } from '../group/assignors.js';
import type { Random } from '../runtime/random.js';
import type { InMemoryLog } from './in-memory-log.js';

export const BROKER_ID = 1;

/** Topics of a broker in memory. */
export class InMemoryTopics implements ClusterTopics {
  readonly #log: InMemoryLog;
  readonly #random: Random;
  readonly #onChange: () => void;
  readonly #topics = new Map<string, ClusterTopic>();
  #partitions = 0;
  /** Rises with every change. */
  version = 0;

  constructor(options: { readonly log: InMemoryLog; readonly random: Random; readonly onChange: () => void }) {
    this.#log = options.log;
    this.#random = options.random;
    this.#onChange = options.onChange;
  }

  get partitions(): readonly AssignablePartition[] {
    return [...this.#topics.values()].flatMap(({ partitions }) =>
      partitions.map(({ topic, partition, partitionId }) => ({ topic, partition, partitionId })),
    );
  }

  brokerIds(): Promise<readonly number[]> {
    return Promise.resolve([BROKER_ID]);
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.#topics.keys()].sort());
  }

  describe(topics: readonly string[] | null): Promise<ClusterTopic[]> {
    const all = [...this.#topics.values()];
    return Promise.resolve(topics === null ? all : all.filter(({ topic }) => topics.includes(topic)));
  }

  create({ topic, partitionCount, config }: Parameters<ClusterTopics['create']>[0]): Promise<boolean> {
    if (this.#topics.has(topic)) return Promise.resolve(false);
    this.#set({ topic, topicId: this.#random.uuid(), config, partitions: this.#created(topic, 0, partitionCount) });
    return Promise.resolve(true);
  }

  addPartitions(topic: string, partitionCount: number): Promise<number | undefined> {
    const known = this.#topics.get(topic);
    const before = known?.partitions.length;
    if (known !== undefined && before !== undefined && partitionCount > before)
      this.#set({ ...known, partitions: [...known.partitions, ...this.#created(topic, before, partitionCount)] });
    return Promise.resolve(before);
  }

  delete(topic: string): Promise<boolean> {
    const known = this.#topics.get(topic);
    for (const { partitionId } of known?.partitions ?? []) this.#log.delete(partitionId);
    this.#topics.delete(topic);
    this.version += 1;
    return Promise.resolve(known !== undefined);
  }

  announce(): void {
    this.#onChange();
  }

  #set(topic: ClusterTopic): void {
    this.#topics.set(topic.topic, topic);
    this.version += 1;
  }

  #created(topic: string, from: number, to: number): ClusterPartition[] {
    return Array.from({ length: to - from }, (_, index) => {
      const partitionId = ++this.#partitions;
      this.#log.create(partitionId);
      const replicas = [BROKER_ID];
      const led = { leader: BROKER_ID, leaderEpoch: 0, replicas, isr: replicas, offlineReplicas: [] };
      return { topic, partition: from + index, partitionId, ...led };
    });
  }
}
