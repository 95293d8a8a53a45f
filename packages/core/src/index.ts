export { connect, CONNECT_OPTIONS } from './client/connect.js';
export type { ConnectOptions } from './client/connect-options.js';
export type { ApplicationAddress } from './client/open-applications.js';
export {
  connectionFromEnvironment,
  parseBroker,
  parseBrokers,
  parseMetadata,
  type BrokerAddress,
  type ConnectionSettings,
} from './client/connection-settings.js';
export { foundCluster, type FoundClusterOptions } from './client/found-cluster.js';
export type { MetadataOptions } from './client/open-metadata.js';
export { startBroker, type RunningBroker, type StartBrokerOptions } from './client/start-broker.js';
export type { Postlog } from './client/postlog.js';
export { PRODUCER_EVENTS } from './client/producer-types.js';
export type {
  Acks,
  DelayedSend,
  DelayedSendBatch,
  Due,
  InstrumentationEvent,
  PendingRecordMetadata,
  Producer,
  ProducerEventName,
  ProducerOptions,
  ProducerSend,
  ProducerSendBatch,
  RecordMetadata,
  ScheduledDelivery,
  TransactionalSend,
  TransactionalSendBatch,
} from './client/producer-types.js';
export { CONSUMER_EVENTS } from './client/consumer-types.js';
export type {
  Consumer,
  ConsumerAssign,
  ConsumerEventName,
  ConsumerOptions,
  ConsumerRetryOptions,
  ConsumerSeek,
  ConsumerSubscribe,
  CustomAssignor,
  OffsetReset,
  TopicPartitions,
} from './client/consumer-types.js';
export type {
  Batch,
  ConsumerRun,
  EachBatchPayload,
  EachMessagePayload,
  RunOptions,
  TopicPartitionOffset,
  TransactionalRun,
} from './client/run-types.js';
export type { FailureOptions, HandlerRetry } from './client/failure-options.js';
export type { ChosenDeadLetters, DeadLetter, DeadLetters, ListDeadLetters } from './client/dead-letters-types.js';
export type { ChosenParked, ParkedKeys, ParkedRecord } from './client/parked-keys-types.js';
export { BatchItemError } from './delivery/batch-item-error.js';
export type { DeadLetterFilter } from './delivery/dead-letter-filter.js';
export type { OnExhausted } from './delivery/failure-policy.js';
export { NonRetriableError } from './delivery/non-retriable-error.js';
export { RetryLaterError } from './delivery/retry-later-error.js';
export type {
  Admin,
  ConfigEntry,
  PartitionDescription,
  TopicDescription,
  TopicOffsets,
  TopicSpec,
} from './client/admin-types.js';
export type {
  BrokerDescription,
  ClusterAdmin,
  ClusterDescription,
  ElectedLeader,
  ElectLeaders,
  OngoingTopicReassignment,
  PartitionReassignment,
} from './client/cluster-admin-types.js';
export type {
  GroupAdmin,
  GroupDescription,
  GroupTopicOffsets,
  ListedGroup,
  MemberDescription,
  OwnedPartitions,
  ResetOffsets,
  ResetPartition,
} from './client/group-admin-types.js';
export type { AssignableMember, AssignablePartition, Assignor } from './group/assignors.js';
export type { GroupState, MemberState } from './group/group.js';
export { ERROR_CODES, type ErrorCode } from './errors/error-code.js';
export { PostlogError, type Outcome, type PostlogErrorOptions } from './errors/postlog-error.js';
export type {
  EntityManagerHandle,
  QueryHandle,
  QueryRunnerHandle,
  TransactionHandle,
} from './postgres/transaction-handle.js';
export { migrationScript } from './postgres/migration-files.js';
export type { CompressionName } from './record/compression.js';
export { nearestName } from './record/known-keys.js';
export type { ConsumedMessage, Headers, HeaderValue, Message } from './record/messages.js';
export { roundRobinPartitioner } from './record/partitioners.js';
export type { CreatePartitioner, Partitioner, PartitionerArgs, PartitionMetadata } from './record/partitioners.js';
export type { RetryOptions } from './runtime/backoff.js';
export { consoleLogger, silentLogger, type Logger } from './runtime/logger.js';
