import { PostlogError } from '../errors/postlog-error.js';
import { resolveTopicConfig, type TopicConfig } from '../record/topic-config.js';
import type { Cluster, ClusterPartition } from './cluster.js';

/** A topic as clients need it; partitions in their order. */
export interface TopicMetadata {
  readonly topic: string;
  readonly topicId: string;
  readonly config: TopicConfig;
  readonly partitions: readonly ClusterPartition[];
}

/** New partitions and settings are noticed after this long at the latest; errors refresh at once. */
const MAX_AGE_MS = 60_000;

/** What is known about topics, read again when it is old or was proved wrong. Names that do not exist are not kept. */
export class MetadataCache {
  readonly #cluster: Cluster;
  readonly #topics = new Map<string, { readonly metadata: TopicMetadata; readonly readAt: number }>();
  readonly #reading = new Map<string, Promise<TopicMetadata | undefined>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** What is known now, without waiting; undefined when it must be read. */
  peek(topic: string): TopicMetadata | undefined {
    const known = this.#topics.get(topic);
    return known !== undefined && this.#cluster.clock.monotonic() - known.readAt < MAX_AGE_MS
      ? known.metadata
      : undefined;
  }

  /** @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION` */
  async get(topic: string): Promise<TopicMetadata> {
    const metadata = this.peek(topic) ?? (await this.find(topic));
    if (metadata === undefined) {
      throw new PostlogError(
        'UNKNOWN_TOPIC_OR_PARTITION',
        `topic ${topic} does not exist; create it (admin.createTopics, or "postlog topics create --topic ${topic}"), ` +
          'or connect with allowAutoTopicCreation: true.',
      );
    }
    return metadata;
  }

  /** Reads the topic anew; undefined when there is none. Several callers share one read. */
  find(topic: string): Promise<TopicMetadata | undefined> {
    let reading = this.#reading.get(topic);
    if (reading === undefined) {
      reading = this.#read(topic).finally(() => this.#reading.delete(topic));
      this.#reading.set(topic, reading);
    }
    return reading;
  }

  /** Something proved the knowledge wrong. */
  forget(topic: string): void {
    this.#topics.delete(topic);
  }

  async #read(topic: string): Promise<TopicMetadata | undefined> {
    const [found] = await this.#cluster.topics.describe([topic]);
    if (found === undefined) {
      this.#topics.delete(topic);
      return undefined;
    }
    const config = resolveTopicConfig(new Map(Object.entries(found.config)));
    const metadata = { topic, topicId: found.topicId, config, partitions: found.partitions };
    this.#topics.set(topic, { metadata, readAt: this.#cluster.clock.monotonic() });
    return metadata;
  }
}
