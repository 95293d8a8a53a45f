export { BatchItemError, NonRetriableError } from '@postlog/core';
export { Consumer, type ConsumerOptions } from './consume/consumer.decorator.js';
export { perInstance, type PerInstanceGroup } from './consume/group.js';
export { Header, Headers, Key, Offset, Tx } from './consume/parameters.js';
export { PostlogBatchContext, type LogRecord } from './consume/postlog-batch.context.js';
export { PostlogContext } from './consume/postlog.context.js';
export { PostlogServer, type PostlogServerEvents, type PostlogStatus } from './consume/postlog.server.js';
export type { BatchOptions, SubscribeOptions, SubscriptionSettings } from './consume/subscribe-options.js';
export type { DataSourceHandle, RunInTransaction } from './consume/transactions.js';
export { Subscribe } from './consume/subscribe.decorator.js';
export { PostlogDeadLetters, type ReadDeadLetter } from './dead-letters/postlog-dead-letters.js';
export { PostlogHealthIndicator, type HealthLimits, type PostlogHealth } from './health/postlog-health.indicator.js';
export { connectPostlog, postlogMicroservice } from './module/bootstrap.js';
export { InjectFrom, InjectProducer } from './module/inject.js';
export { PostlogModule } from './module/postlog.module.js';
export type { PostlogModuleOptions } from './module/postlog.options.js';
export { POSTLOG, POSTLOG_TRANSPORT, tokenOf, transportOf } from './module/tokens.js';
export type { PostlogClientOptions } from './publish/open-client.js';
export type {
  AtOnce,
  OutgoingRecord,
  RecordOptions,
  ScheduledRecord,
  SendBatchOptions,
  SendOptions,
  SentRecord,
} from './publish/outgoing.js';
export { PostlogClient, type RequestOptions } from './publish/postlog.client.js';
export { PostlogProducer } from './publish/postlog.producer.js';
export { TopicProducer } from './publish/topic.producer.js';
export type { AmbientTx, TransactionHostHandle } from './publish/transaction-scope.js';
export { RemoteError } from './request/remote-error.js';
export type { Duration } from './topic/duration.js';
export {
  defineTopic,
  type AnyTopic,
  type Format,
  type PayloadOf,
  type RecordKey,
  type Topic,
  type TopicOptions,
} from './topic/topic.js';
