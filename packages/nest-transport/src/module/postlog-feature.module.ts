import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { PostlogProducer } from '../publish/postlog.producer.js';
import { TopicProducer } from '../publish/topic.producer.js';
import { TopicDirectory } from '../topic/topic-directory.js';
import { isTopic, type AnyTopic } from '../topic/topic.js';
import { producerTokenOf, tokenOf } from './tokens.js';

@Module({})
class PostlogFeatureModule {}

/** Some topics of a connection, each with its producer. */
export function featureModule(topics: readonly (AnyTopic | string)[], connection: string): DynamicModule {
  const providers = topics.map((topic): Provider & { provide: symbol } => ({
    provide: producerTokenOf(topic, connection),
    inject: [tokenOf(PostlogProducer, connection), tokenOf(TopicDirectory, connection)],
    useFactory: (producer: PostlogProducer, directory: TopicDirectory) => {
      if (isTopic(topic)) directory.declare(topic);
      return new TopicProducer(producer, topic);
    },
  }));
  return { module: PostlogFeatureModule, providers, exports: providers.map(({ provide }) => provide) };
}
