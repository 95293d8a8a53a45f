import type { FailurePolicy } from '../delivery/failure-policy.js';
import { PostlogError } from '../errors/postlog-error.js';
import { checkPartition } from '../record/check-topic.js';
import type { Offset } from '../record/offset.js';
import { topicPartitionKey, type TopicPartition } from '../record/topic-partition.js';
import { EventBus } from '../runtime/events.js';
import type { Applications } from './applications.js';
import type { AssignedPartition } from './assigned-partition.js';
import { invalid } from './check-options.js';
import { checkStart, choosePartitions } from './choose-partitions.js';
import type { Cluster, PartitionPlace } from './cluster.js';
import { checkSubscription, resolveConsumerOptions, type ResolvedConsumerOptions } from './consumer-options.js';
import { ConsumerSession } from './consumer-session.js';
import { ConsumerSubscription } from './consumer-subscription.js';
import {
  CONSUMER_EVENTS,
  type Consumer,
  type ConsumerAssign,
  type ConsumerEventName,
  type ConsumerOptions,
  type ConsumerSeek,
  type ConsumerSubscribe,
  type TopicPartitions,
} from './consumer-types.js';
import { checkExplicitOffsets } from './explicit-offsets.js';
import { DeadLetterWriter } from './dead-letter-writer.js';
import { resolveFailurePolicy, type FailureSurroundings } from './failure-options.js';
import type { MetadataCache } from './metadata-cache.js';
import type { Producer } from './producer-types.js';
import { checkRun, type CheckedRun } from './run-options.js';
import type { ConsumerRun, TopicPartitionOffset, TransactionalRun } from './run-types.js';
import type { StartPosition } from './start-position.js';

export interface ConsumerContext {
  readonly cluster: Cluster;
  readonly applications: Applications;
  readonly metadata: MetadataCache;
  readonly clientId: string;
  readonly host: string;
  /** Makes a producer of the same connection. */
  readonly createProducer: () => Producer;
  readonly onClosed: (consumer: Consumer) => void;
  readonly onFault: (error: unknown) => void;
}

/** @see Consumer */
export class LogConsumer implements Consumer {
  readonly events = CONSUMER_EVENTS;
  readonly #context: ConsumerContext;
  readonly #options: ResolvedConsumerOptions;
  readonly #bus: EventBus;
  readonly #subscription: ConsumerSubscription;
  /** What it assigned to itself; undefined until it does. */
  #chosen: readonly PartitionPlace[] | undefined;
  /** Paused by the user: whole topics, or single partitions. */
  readonly #paused = new Set<string>();
  readonly #seeks = new Map<string, Offset | StartPosition>();
  #run: { readonly options: CheckedRun; readonly failurePolicy: FailurePolicy | undefined } | undefined;
  /** Made for the first dead letter. */
  #deadLetterProducer: Producer | undefined;
  #session: ConsumerSession | undefined;
  #crashing: ConsumerSession | undefined;
  #isClosed = false;

  constructor(context: ConsumerContext, options: ConsumerOptions) {
    this.#context = context;
    this.#options = resolveConsumerOptions(options);
    const { autoOffsetReset, customAssignor } = this.#options;
    this.#subscription = new ConsumerSubscription(autoOffsetReset);
    if (customAssignor !== undefined) {
      context.cluster.learnAssignor(customAssignor.name, customAssignor.assign);
    }
    this.#bus = new EventBus(context.cluster.clock, context.onFault);
  }

  connect(): Promise<void> {
    this.#demandOpen();
    this.#bus.emit(CONSUMER_EVENTS.CONNECT);
    return Promise.resolve();
  }

  async subscribe(subscription: ConsumerSubscribe): Promise<void> {
    this.#demandOpen();
    const checked = checkSubscription(subscription);
    if (this.#chosen !== undefined) throw invalid(EITHER);
    if (this.#options.groupId === null) {
      throw new PostlogError('INVALID_GROUP_ID', 'subscribe() needs a group; give consumer() a groupId.');
    }
    this.#subscription.add(checked);
    this.#session?.report();
    await Promise.resolve();
  }

  async unsubscribe(subscription: { readonly topics: readonly (string | RegExp)[] }): Promise<void> {
    this.#demandOpen();
    this.#subscription.remove(checkSubscription(subscription, 'unsubscribe()'));
    this.#session?.report();
    await Promise.resolve();
  }

  async assign(partitions: readonly ConsumerAssign[]): Promise<void> {
    this.#demandOpen();
    if (!this.#subscription.isEmpty) throw invalid(EITHER);
    const chosen = await choosePartitions(partitions, this.#context.metadata);
    this.#chosen = chosen.map(({ place }) => place);
    for (const { place, start } of chosen) if (start !== undefined) this.#seeks.set(topicPartitionKey(place), start);
    this.#session?.report();
  }

  async run<T>(options: ConsumerRun | TransactionalRun<T>): Promise<void> {
    this.#demandOpen();
    const checked = checkRun(options);
    if (this.#session !== undefined) throw invalid('the consumer runs already; call stop() before run()');
    if (this.#subscription.isEmpty && this.#chosen === undefined)
      throw invalid('the consumer has no topics; call subscribe() before run()');
    if (checked.transactional === true) this.#checkTransactional(checked);
    this.#run = { options: checked, failurePolicy: resolveFailurePolicy(checked, this.#surroundings(checked)) };
    this.#start();
    await Promise.resolve();
  }

  seek(position: ConsumerSeek): void {
    if (this.#session === undefined) throw invalid('seek() needs a running consumer; call run() first');
    const { topic, partition } = position;
    const place = { topic, partition: checkPartition(partition) };
    const to = checkStart(position, 'seek()');
    if (to === undefined) throw invalid('seek() takes an offset, or a timestamp');
    const assigned = this.#assigned(place);
    if (assigned === undefined) this.#seeks.set(topicPartitionKey(place), to);
    else assigned.seek(to);
  }

  pause(topics: readonly TopicPartitions[]): void {
    this.#setPaused(topics, true);
  }

  resume(topics: readonly TopicPartitions[]): void {
    this.#setPaused(topics, false);
    this.#session?.pump();
  }

  paused(): { topic: string; partitions: number[] }[] {
    return byTopic([...(this.#session?.partitions ?? [])].filter((partition) => partition.isPaused));
  }

  assignment(): { topic: string; partitions: number[] }[] {
    return byTopic([...(this.#session?.partitions ?? [])].filter((partition) => !partition.isReleased));
  }

  async commitOffsets(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    if (this.#run?.options.transactional === true)
      throw invalid('offsets of a transactional run are committed by its transactions; seek() to go elsewhere');
    const explicit = checkExplicitOffsets(offsets, (place) => this.#assigned(place));
    await this.#session?.committer.commitExplicit(explicit);
  }

  async stop(): Promise<void> {
    const session = this.#session;
    [this.#session, this.#run] = [undefined, undefined];
    if (session === undefined) return;
    await session.stop();
    this.#bus.emit(CONSUMER_EVENTS.STOP);
  }

  async disconnect(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.stop();
    await this.#deadLetterProducer?.disconnect();
    this.#context.onClosed(this);
    this.#bus.emit(CONSUMER_EVENTS.DISCONNECT);
  }

  on(event: ConsumerEventName, listener: Parameters<Consumer['on']>[1]): () => void {
    if (!Object.values(CONSUMER_EVENTS).includes(event)) throw invalid(`${String(event)} is no event of a consumer`);
    return this.#bus.on(event, listener);
  }

  #checkTransactional({ application }: CheckedRun): void {
    if (this.#chosen !== undefined)
      throw invalid('transactional: true needs a group that shares partitions out; subscribe() instead of assign()');
    this.#context.applications.named(application); // It says what is missing.
  }

  #demandOpen(): void {
    if (this.#isClosed)
      throw new PostlogError('CLIENT_CLOSED', 'the consumer is disconnected; make a new one with postlog.consumer().');
  }

  #delivery(policy: FailurePolicy | undefined) {
    if (policy === undefined) return undefined;
    const producer = () => (this.#deadLetterProducer ??= this.#context.createProducer());
    return {
      policy,
      deadLetters: new DeadLetterWriter({ ...this.#context, groupId: this.#options.groupId, producer }),
    };
  }

  #surroundings({ transactional, autoCommit }: CheckedRun): FailureSurroundings {
    return {
      groupId: this.#options.groupId,
      topics: this.#chosen?.map(({ topic }) => topic) ?? this.#subscription.topics,
      isAssigned: this.#chosen !== undefined,
      isTransactional: transactional === true,
      commitsByItself: autoCommit !== false,
      mayPark: this.#context.cluster.parked !== undefined,
    };
  }

  #start(): void {
    const session: ConsumerSession = new ConsumerSession({
      ...this.#context,
      options: this.#options,
      run: this.#run!.options,
      delivery: this.#delivery(this.#run!.failurePolicy),
      events: this.#bus,
      subscription: this.#subscription,
      chosen: this.#chosen === undefined ? undefined : () => this.#chosen ?? [],
      isPaused: (place) => this.#paused.has(place.topic) || this.#paused.has(topicPartitionKey(place)),
      pause: (partition) => {
        const place = [{ topic: partition.topic, partitions: [partition.partition] }];
        this.pause(place);
        return () => this.resume(place);
      },
      onAssigned: (partition) => this.#applySeek(partition),
      onCrash: (error) => void this.#crash(session, error, true),
      onFatal: (error) => void this.#crash(session, error, false),
      onError: this.#context.onFault,
    });
    this.#session = session;
    session.start();
  }

  /** Ends the session as KafkaJS does after too many failures, and begins another if the user agrees. */
  async #crash(session: ConsumerSession, error: Error, mayRestart: boolean): Promise<void> {
    if (this.#session !== session || this.#crashing === session) return;
    this.#crashing = session;
    // The user's function may throw, or answer no promise: neither may end the process.
    const restart =
      mayRestart &&
      (await Promise.resolve(error)
        .then(this.#options.restartOnFailure)
        .catch(() => false));
    this.#context.cluster.logger.error('the consumer crashed', {
      groupId: this.#options.groupId,
      reason: error.message,
      restart,
    });
    this.#bus.emit(CONSUMER_EVENTS.CRASH, { error, groupId: this.#options.groupId, restart });
    await session.stop();
    if (this.#session !== session) return;
    this.#session = undefined;
    if (!restart) {
      this.#bus.emit(CONSUMER_EVENTS.STOP);
      return;
    }
    await this.#context.cluster.clock.sleep(this.#options.retry.initialRetryTime);
    if (this.#session === undefined && this.#run !== undefined && !this.#isClosed) this.#start();
  }

  #applySeek(partition: AssignedPartition): void {
    const key = topicPartitionKey(partition);
    const to = this.#seeks.get(key);
    if (to === undefined) return;
    this.#seeks.delete(key);
    partition.seek(to);
  }

  #setPaused(topics: readonly TopicPartitions[], isPaused: boolean): void {
    if (!Array.isArray(topics)) throw invalid('pause() and resume() take an array of { topic, partitions }');
    for (const { topic, partitions } of topics as readonly TopicPartitions[]) {
      const keys = partitions?.map((partition) => topicPartitionKey({ topic, partition })) ?? [topic];
      for (const key of keys) {
        if (isPaused) this.#paused.add(key);
        else this.#paused.delete(key);
      }
    }
    for (const partition of this.#session?.partitions ?? []) {
      partition.isPaused = this.#paused.has(partition.topic) || this.#paused.has(topicPartitionKey(partition));
    }
  }

  #assigned({ topic, partition }: TopicPartition): AssignedPartition | undefined {
    return [...(this.#session?.partitions ?? [])].find(
      (each) => each.topic === topic && each.partition === partition && !each.isReleased,
    );
  }
}

const EITHER = 'a consumer either subscribes or assigns partitions to itself; use another consumer for the other';

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions)
    topics.set(
      topic,
      [...(topics.get(topic) ?? []), partition].sort((a, b) => a - b),
    );
  return [...topics].map(([topic, list]) => ({ topic, partitions: list }));
}
