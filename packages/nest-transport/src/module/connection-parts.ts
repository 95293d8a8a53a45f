import type { connect, Postlog } from '@postlog/core';
import { PostlogServer } from '../consume/postlog.server.js';
import { PostlogDeadLetters } from '../dead-letters/postlog-dead-letters.js';
import { PostlogHealthIndicator } from '../health/postlog-health.indicator.js';
import { PostlogClient } from '../publish/postlog.client.js';
import { PostlogProducer } from '../publish/postlog.producer.js';
import { TransactionScope } from '../publish/transaction-scope.js';
import { prepareTopics } from '../topic/prepare-topics.js';
import { TopicDirectory } from '../topic/topic-directory.js';
import { checkModuleOptions, connectOptions, type PostlogModuleOptions } from './postlog.options.js';
import { transportOf } from './tokens.js';

/** What one connection consists of. */
export interface ConnectionParts {
  readonly options: PostlogModuleOptions;
  readonly postlog: Postlog;
  readonly topics: TopicDirectory;
  readonly producer: PostlogProducer;
  readonly client: PostlogClient;
  readonly server: PostlogServer;
  readonly health: PostlogHealthIndicator;
  readonly deadLetters: PostlogDeadLetters;
  /** Sees once to it that declared topics exist. */
  readonly prepare: () => Promise<readonly string[]>;
}

/** @throws PostlogError as core's `connect` does, and `INVALID_CONFIG` */
export async function openConnection(
  name: string,
  given: PostlogModuleOptions,
  open: typeof connect,
): Promise<ConnectionParts> {
  const options = checkModuleOptions(given);
  const postlog = await open(connectOptions(options));
  const topics = new TopicDirectory(options.topicName);
  const prepare = preparation(postlog, topics, options);
  const scope = new TransactionScope(options.ambientTx, options.requireTx);
  const producer = new PostlogProducer(postlog, topics, scope);
  const server = new PostlogServer({ postlog, topics, options, scope, prepare, transportId: transportOf(name) });
  const { requestTimeoutMs, requestTopic, createTopics } = options;
  const client = new PostlogClient({
    shared: { postlog, topics, producer },
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    ...(requestTopic === undefined ? {} : { requestTopic }),
    ...(createTopics === undefined ? {} : { createTopics }),
  });
  return {
    options,
    postlog,
    topics,
    producer,
    client,
    server,
    prepare,
    health: new PostlogHealthIndicator(postlog, server),
    deadLetters: new PostlogDeadLetters(postlog, topics, options.group),
  };
}

/** A failure is not remembered: whoever asks next tries again. */
function preparation(postlog: Postlog, topics: TopicDirectory, { createTopics = 'declared' }: PostlogModuleOptions) {
  let prepared: Promise<readonly string[]> | undefined;
  return (): Promise<readonly string[]> => {
    const specs = () => topics.declared.map((topic) => ({ topic: topics.nameOf(topic), ...topic.spec }));
    prepared ??= prepareTopics(postlog.admin(), specs(), createTopics).catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    return prepared;
  };
}
