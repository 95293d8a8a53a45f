import { Inject } from '@nestjs/common';
import { PostlogServer } from '../consume/postlog.server.js';
import { PostlogDeadLetters } from '../dead-letters/postlog-dead-letters.js';
import { PostlogHealthIndicator } from '../health/postlog-health.indicator.js';
import { PostlogClient } from '../publish/postlog.client.js';
import { PostlogProducer } from '../publish/postlog.producer.js';
import type { AnyTopic } from '../topic/topic.js';
import { POSTLOG, producerTokenOf, tokenOf } from './tokens.js';

type Injection = ReturnType<typeof Inject>;

/** The producer of one topic, a `TopicProducer`; `PostlogModule.forFeature([topic])` makes it. */
export function InjectProducer(topic: AnyTopic | string, connection?: string): Injection {
  return Inject(producerTokenOf(topic, connection));
}

const PARTS = {
  postlog: POSTLOG,
  producer: PostlogProducer,
  client: PostlogClient,
  server: PostlogServer,
  health: PostlogHealthIndicator,
  deadLetters: PostlogDeadLetters,
} as const;

/** A part of a named connection; those of the default one are injected by their classes. */
export function InjectFrom(connection: string, part: keyof typeof PARTS): Injection {
  return Inject(tokenOf(PARTS[part], connection));
}
