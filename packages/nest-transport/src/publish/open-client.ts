import { connect, type ConnectOptions, type Postlog } from '@postlog/core';
import type { CreateTopics } from '../topic/prepare-topics.js';
import { TopicDirectory } from '../topic/topic-directory.js';
import { PostlogProducer } from './postlog.producer.js';

export interface RequestSettings {
  /** How long a request waits for its answer when it does not say, in milliseconds [30 000]. */
  readonly requestTimeoutMs?: number;
  /** The topic that patterns which are no topic (`{ cmd: 'sum' }`) are asked on, and answered from. */
  readonly requestTopic?: string;
  /** Whether the internal topic of answers is created where it is missing [`'declared'`]; `'never'` demands that it exists. */
  readonly createTopics?: CreateTopics;
}

/** A client of its own: core's connection options, and how it asks. Or one that shares what the module opened. */
export type PostlogClientOptions = (ConnectOptions & RequestSettings) | SharedClient;

/** What `PostlogModule` gives to its client. */
interface SharedClient extends RequestSettings {
  readonly shared: Pick<OpenClient, 'postlog' | 'producer' | 'topics'>;
}

/** A client that is connected. */
export interface OpenClient extends RequestSettings {
  readonly postlog: Postlog;
  readonly producer: PostlogProducer;
  readonly topics: TopicDirectory;
  close(): Promise<void>;
}

/** @throws PostlogError as core's `connect` does. */
export async function openClient(options: PostlogClientOptions): Promise<OpenClient> {
  if ('shared' in options) {
    const { shared, ...settings } = options;
    return { ...shared, ...settings, close: () => shared.producer.flush() };
  }
  const { requestTimeoutMs, requestTopic, createTopics, ...connection } = options;
  const postlog = await connect(connection);
  const topics = new TopicDirectory();
  return {
    postlog,
    topics,
    producer: new PostlogProducer(postlog, topics),
    close: () => postlog.close(),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    ...(requestTopic === undefined ? {} : { requestTopic }),
    ...(createTopics === undefined ? {} : { createTopics }),
  };
}
