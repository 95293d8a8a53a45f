import type { INestApplication } from '@nestjs/common';
import type { TestingModuleBuilder } from '@nestjs/testing';
import type { ConnectOptions, RecordMetadata } from '@postlog/core';
import { InMemoryBroker, settled, virtualClock } from '@postlog/core/testing';
import type { PostlogServer } from '../consume/postlog.server.js';
import type { LogRecord } from '../consume/postlog-batch.context.js';
import { connectPostlog, postlogServers } from '../module/bootstrap.js';
import { POSTLOG_CONNECT } from '../module/tokens.js';
import { headerText, TYPE_HEADER } from '../publish/control-headers.js';
import { outgoingMessage, type RecordOptions } from '../publish/outgoing.js';
import { readPayload } from '../publish/payload.js';
import { milliseconds, type Duration } from '../topic/duration.js';
import { TopicDirectory } from '../topic/topic-directory.js';
import type { AnyTopic, Topic } from '../topic/topic.js';
import { Watch } from './watch.js';

/** A record as the log has it. */
export interface TestRecord<Value = unknown> extends LogRecord<Value> {
  readonly partition: number;
}

/** Time in a test: it stands still but for `advance` and `idle`. Timers of the application itself are not on it. */
export interface TestClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Lets time pass: rests before a repeat, batches that wait, commits. */
  advance(span: Duration): Promise<void>;
}

/** How much time `idle` lets pass before it gives up. */
const PATIENCE_MS = 600_000;

/**
 * A log in memory in place of Postgres, for tests of an application: the same producers, consumers and groups, one process, no
 * server. It has no transactions. Refused where `NODE_ENV` is `production`.
 *
 * @example
 * const log = createTestLog();
 * const app = await log.start(Test.createTestingModule({ imports: [AppModule] }));
 * await log.publish(OrdersPlaced, order);
 * await log.idle();
 * expect(log.committed('billing', OrdersPlaced)).toEqual({ 0: '1' });
 * @throws PostlogError `INVALID_CONFIG` in production
 */
export function createTestLog(): TestLog {
  return new TestLog();
}

export class TestLog {
  readonly clock: TestClock;
  readonly #clock = virtualClock(Date.now());
  readonly #broker = new InMemoryBroker({ clock: this.#clock });
  readonly #watch = new Watch();
  #directory = new TopicDirectory();
  readonly #outside = this.#broker.connect().producer();
  #servers: readonly PostlogServer[] = [];

  constructor() {
    this.clock = {
      now: () => this.#clock.now(),
      advance: (span) => this.#clock.advance(milliseconds(span, 'advance()')),
    };
  }

  /** Puts the log in place of every connection of the application that is built. */
  install(builder: TestingModuleBuilder): TestingModuleBuilder {
    const connect = ({ clientId, allowAutoTopicCreation }: ConnectOptions) =>
      Promise.resolve(
        this.#broker.connect({
          ...(clientId === undefined ? {} : { clientId }),
          ...(allowAutoTopicCreation === undefined ? {} : { allowAutoTopicCreation }),
        }),
      );
    return builder.overrideProvider(POSTLOG_CONNECT).useValue(connect);
  }

  /** Builds the application on this log, and starts it as a hybrid one. `prepare` sets global pipes and the like. */
  async start(builder: TestingModuleBuilder, prepare?: (app: INestApplication) => void): Promise<INestApplication> {
    const module = await this.install(builder).compile();
    const app = module.createNestApplication();
    prepare?.(app);
    connectPostlog(app);
    this.attach(app);
    await app.init();
    await app.startAllMicroservices();
    await settled();
    return app;
  }

  /** What `start` does for an application that is started otherwise: call it before `startAllMicroservices()`. */
  attach(app: INestApplication): void {
    this.#servers = postlogServers(app);
    for (const server of this.#servers) this.#watch.follow(server);
    this.#directory = app.get(TopicDirectory, { strict: false });
  }

  /** Sends as somebody else would: checked against the topic's contract; the topic is created where it is missing. */
  publish<Sent>(topic: Topic<Sent, unknown>, value: NoInfer<Sent>, options?: RecordOptions): Promise<RecordMetadata>;
  publish(topic: string, value: unknown, options?: RecordOptions): Promise<RecordMetadata>;
  async publish(topic: AnyTopic | string, value: unknown, options?: RecordOptions): Promise<RecordMetadata> {
    const name = this.#directory.nameOf(topic);
    await this.#broker
      .connect()
      .admin()
      .createTopics({ topics: [{ topic: name, ...this.#directory.contractOf(topic)?.spec }] });
    const message = await outgoingMessage(this.#directory.contractOf(topic), { value, ...options });
    const [place] = await this.#outside.send({ topic: name, messages: [message] });
    return place!;
  }

  /**
   * Resolves when every subscription has handled and committed everything. Lets as much of its own time pass as that takes,
   * repeats of failed handlers included.
   *
   * @throws Error that says who is behind, and what failed last, when ten minutes of that are not enough
   */
  async idle(): Promise<void> {
    const until = this.#clock.monotonic() + PATIENCE_MS;
    for (;;) {
      await settled();
      await this.#watch.untilQuiet();
      const behind = await this.#behind();
      if (behind.length === 0) return;
      if (this.#clock.monotonic() > until || !(await this.#clock.step())) throw this.#watch.stuck(behind);
    }
  }

  /** Where a group goes on, by partition; what it never committed is left out. Decimal strings. */
  committed(group: string, topic: AnyTopic | string): Readonly<Record<number, string>> {
    return this.#broker.committedOf(group, this.#directory.nameOf(topic));
  }

  /** Everything in a topic, partition by partition. */
  records<Value>(topic: Topic<never, Value>): readonly TestRecord<Value>[];
  records(topic: string): readonly TestRecord[];
  records(topic: AnyTopic | string): readonly TestRecord[] {
    const format = this.#directory.contractOf(topic)?.format;
    return this.#broker.recordsOf(this.#directory.nameOf(topic)).flatMap(({ partition, messages }) =>
      messages.map((message) => ({
        partition,
        value: readPayload(message, format),
        key: message.key?.toString() ?? null,
        headers: message.headers,
        type: headerText(message.headers, TYPE_HEADER),
        offset: message.offset,
        timestamp: message.timestamp,
      })),
    );
  }

  /** The next call of a handler, named by its `id`, as `Class.method` where it has none, fails with this error. Several wait in turn. */
  failNext(handler: string, error: Error): void {
    this.#watch.failNext(handler, error);
  }

  /** Takes everything from the members of a group, as a long silence would: what was not committed is handled again. */
  async rebalance(group: string): Promise<void> {
    this.#broker.coordinator.dissolve(group);
    await settled();
  }

  /** Which topics of which groups have something left to do. */
  async #behind(): Promise<string[]> {
    const topics = await this.#broker.topics.list();
    const places = this.#servers.flatMap(({ subscriptions }) =>
      subscriptions.flatMap(({ route: { topic, group } }) =>
        topics
          .filter((name) => (typeof topic === 'string' ? topic === name : topic.test(name)))
          .map((name) => ({ name, group })),
      ),
    );
    const lags = await Promise.all(
      places.map(async ({ name, group }) => ({ name, group, lag: await this.#broker.lagOf(group, name) })),
    );
    return lags.flatMap(({ name, group, lag }) => (lag === 0 ? [] : [`${group} is ${lag} records behind in ${name}`]));
  }
}
