/**
 * The front desk: one broker, attached to one Postgres database. Any number of processes may attach to the same one;
 * all state is in the database, so they are equal.
 *
 * This file wires; each request has its own `handle-*.ts`. It leaves to `client/` what users hold.
 */
import { GroupCoordinator } from '../group/group-coordinator.js';
import type { GroupLogging } from '../group/group-journal.js';
import type { GroupLogPlace } from '../group/group-log-place.js';
import { read } from '../log/log.store.js';
import { registerOutbox } from '../outbox/outbox.store.js';
import { ownLog } from '../outbox/own-log.js';
import { Database } from '../postgres/database.js';
import type { WatermarkWakeUps } from '../replication/postgres-replica-store.js';
import { watermarks } from '../replication/watermark.store.js';
import { startListener } from '../postgres/listener.js';
import { migrate, missingSteps } from '../postgres/migrate.store.js';
import { isWorthReconnecting } from '../postgres/postgres-error.js';
import { checkServer } from '../postgres/server.store.js';
import { PostlogError } from '../errors/postlog-error.js';
import { DEFAULT_RETRY, retryDelay } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { Purgatory } from '../runtime/purgatory.js';
import type { Random } from '../runtime/random.js';
import type { Loop } from '../runtime/run-loop.js';
import { Application } from './application.js';
import { deadLetterRequests, type DeadLetterRequests } from './dead-letter-requests.js';
import { FetchDispatcher } from './fetch-dispatcher.js';
import { logRequests, type LogRequests } from './log-requests.js';
import { Notifier } from './notifier.js';
import { startOffsetExpiryService } from './offset-expiry-service.js';
import { startSegmentService } from './segment-service.js';
import * as wakeUp from './wake-up.js';
import { WatermarkWaits } from './watermark-waits.js';

export interface BrokerOptions {
  /** 1 for a broker that is alone. */
  readonly brokerId?: number;
  readonly url: string;
  readonly schema: string;
  readonly migrate: boolean;
  readonly services: boolean;
  readonly offsetsRetentionMs: number;
  readonly clientId: string;
  readonly maxConnections: number;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** One of a cluster: its database is no application's, so there is no outbox to look at [`false`]. */
  readonly isOfCluster?: boolean;
  /** In a cluster: where a group is logged, as this process knows; left out where the broker is alone. */
  readonly groupLogOf?: (groupId: string) => GroupLogPlace;
  /** Which wake-ups this process hears of; each costs the server and the process something. [what may be read] */
  readonly hears?: 'what may be read' | 'what is to be copied' | 'nothing';
}

/** The number of a broker that is alone. */
const ONLY_BROKER_ID = 1;

export class Broker {
  readonly brokerId: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly database: Database;
  readonly coordinator: GroupCoordinator;
  readonly fetches: FetchDispatcher;
  readonly log: LogRequests;
  readonly deadLetters: DeadLetterRequests;
  /** Wakes who waits for records of a partition, by its number: that may be read, or whatever else this process `hears` of. */
  readonly appended = new Purgatory<number>();
  readonly watermarks: WatermarkWaits;
  /** Wakes the members of a group, by `groupKey`. */
  readonly groupsChanged = new Purgatory<string>();
  /** For those who move marks here. */
  readonly watermarkWakeUps: WatermarkWakeUps;
  readonly #notifier: Notifier;
  readonly #copyNotifier: Notifier;
  readonly #options: BrokerOptions;
  #application: Application | undefined;
  #loops: Loop[] = [];

  private constructor(options: BrokerOptions) {
    const { clock, random, logger } = options;
    this.#options = options;
    this.brokerId = options.brokerId ?? ONLY_BROKER_ID;
    this.clock = clock;
    this.random = random;
    this.logger = logger;
    // One connection listens; at least one is for statements.
    this.database = new Database({ ...options, poolSize: Math.max(1, options.maxConnections - 1) });
    this.deadLetters = deadLetterRequests(this.database);
    this.fetches = new FetchDispatcher({
      read: (requests, limits) => read(this.database, requests, limits),
      clock,
      purgatory: this.appended,
    });
    this.watermarks = new WatermarkWaits({
      look: (partitionIds) => watermarks(this.database, partitionIds),
      clock,
      purgatory: this.appended,
    });
    this.coordinator = new GroupCoordinator({
      database: this.database,
      clock,
      random,
      onGroupChanged: (groupId) => this.announceGroup(groupId),
      logging: this.#groupLogging(),
    });
    const processToken = random.uniqueName('p').slice(0, 14);
    const notifier = (channel: string) => new Notifier({ database: this.database, channel, processToken, clock });
    this.log = logRequests(this.database, { channel: wakeUp.copyChannel(options.schema), sender: processToken });
    this.#notifier = notifier(wakeUp.wakeUpChannel(options.schema));
    this.#copyNotifier = notifier(wakeUp.copyChannel(options.schema));
    this.watermarkWakeUps = { channel: wakeUp.wakeUpChannel(options.schema), sender: processToken };
    this.#start = () => {
      if (options.hears !== 'nothing') this.#loops.push(this.#listen(processToken));
      if (options.services) {
        const onError = (error: unknown) => logger.debug('a service met an error', { reason: String(error) });
        const context = { database: this.database, holder: processToken, clock, random: random.next, onError };
        this.#loops.push(startSegmentService(context), startOffsetExpiryService(context, options.offsetsRetentionMs));
        if (this.#application !== undefined) {
          const services = this.#application.startServices({
            ...context,
            log: ownLog(this.database),
            onAppended: (partitionIds) => this.announceAppend(partitionIds),
            onDropped: (partitionIds) =>
              logger.warn('records of the outbox were for topics that are deleted', { partitionIds }),
          });
          this.#loops.push(...services);
        }
      }
    };
  }

  readonly #start: () => void;

  /** Attaches to a broker of a cluster: nothing is reached yet, and nothing is migrated here, its own process does that. */
  static attach(options: BrokerOptions): Broker {
    const broker = new Broker(options);
    broker.#start();
    return broker;
  }

  /**
   * Attaches: reaches the server within `connectionTimeout`, checks it, migrates, starts the services.
   *
   * @throws PostlogError that says why, without a password.
   */
  static async open(options: BrokerOptions): Promise<Broker> {
    const broker = new Broker(options);
    try {
      await broker.#reach();
      if (options.migrate) await migrate(broker.database);
      else await broker.#demandSchema();
      if (options.isOfCluster !== true) broker.#application = await broker.#openApplication();
      broker.#start();
      return broker;
    } catch (error) {
      await broker.close();
      throw error;
    }
  }

  /** This database, as one whose transactions publish and consume; undefined in a cluster. */
  get application(): Application | undefined {
    return this.#application;
  }

  /** How long a request may take, in milliseconds. */
  get requestTimeout(): number {
    return this.#options.requestTimeout;
  }

  /** Records of these partitions can be read: whoever waits for them, here or in another process, looks again. */
  announceAppend(partitionIds: readonly number[]): void {
    for (const partitionId of partitionIds) this.appended.wake(partitionId);
    this.#notifier.announce(partitionIds.map(wakeUp.partitionKey));
  }

  /** Records were appended that followers have yet to copy. */
  announceReplicatedAppend(partitionIds: readonly number[]): void {
    this.#copyNotifier.announce(partitionIds.map(wakeUp.partitionKey));
  }

  announceGroup(groupId: string): void {
    this.groupsChanged.wake(wakeUp.groupKey(groupId));
    this.#notifier.announce([wakeUp.groupKey(groupId)]);
  }

  /** Topics were created or deleted: members of every group look at once whether it concerns them. */
  announceTopics(): void {
    this.groupsChanged.wakeAll();
    this.#notifier.announce(['*']);
  }

  async close(): Promise<void> {
    const loops = this.#loops;
    this.#loops = [];
    await Promise.all(loops.map((loop) => loop.stop()));
    await this.database.close();
  }

  #groupLogging(): GroupLogging | undefined {
    const { groupLogOf, requestTimeout } = this.#options;
    if (groupLogOf === undefined) return undefined;
    return {
      placeOf: groupLogOf,
      untilReplicated: ({ partitionId, leaderEpoch }, requiredOffset) => {
        this.announceReplicatedAppend([partitionId]);
        return this.watermarks.wait({ partitionId, leaderEpoch, requiredOffset }, requestTimeout);
      },
    };
  }

  async #openApplication(): Promise<Application> {
    return new Application({
      name: null,
      database: this.database,
      place: await registerOutbox(this.database),
      clock: this.clock,
      random: this.random,
      announce: (key) => this.#notifier.announce([key]),
    });
  }

  #listen(processToken: string): Loop {
    const { clock, random, logger, schema, hears } = this.#options;
    return startListener({
      database: this.database,
      channel: hears === 'what is to be copied' ? wakeUp.copyChannel(schema) : wakeUp.wakeUpChannel(schema),
      clock,
      random: random.next,
      onPayload: (payload) => this.#hear(payload, processToken),
      onLive: (isLive) => {
        this.fetches.setLive(isLive);
        this.watermarks.setLive(isLive);
        this.#application?.setLive(isLive);
        this.#wakeEverybody();
      },
      onError: (error) => logger.debug('the listener met an error', { reason: String(error) }),
    });
  }

  #hear(payload: string, processToken: string): void {
    const { sender, keys, marks } = wakeUp.readWakeUp(payload);
    if (sender === processToken) return; // We woke ourselves already.
    if (keys === 'all') {
      this.#application?.wake();
      return this.#wakeEverybody();
    }
    for (const mark of marks) this.watermarks.hear(mark);
    for (const key of keys) {
      if (typeof key === 'number') this.appended.wake(key);
      else if (this.#application?.hear(key) !== true) this.groupsChanged.wake(key);
    }
  }

  #wakeEverybody(): void {
    this.appended.wakeAll();
    this.groupsChanged.wakeAll();
  }

  async #reach(): Promise<void> {
    const { clock, random, connectionTimeout, logger } = this.#options;
    const deadline = clock.monotonic() + connectionTimeout;
    for (let attempt = 0; ; attempt++) {
      try {
        return await checkServer(this.database, logger);
      } catch (error) {
        const wait = retryDelay({ ...DEFAULT_RETRY, maxRetryTime: 1_000 }, attempt, random.next);
        const isHopeless =
          error instanceof PostlogError && (error.cause === undefined || !isWorthReconnecting(error.cause));
        if (isHopeless || clock.monotonic() + wait > deadline) throw error;
        await clock.sleep(wait);
      }
    }
  }

  async #demandSchema(): Promise<void> {
    const missing = await missingSteps(this.database, this.database.schema);
    if (missing.length > 0) {
      throw new PostlogError(
        'UNSUPPORTED_DATABASE',
        `schema ${this.database.schema} lacks ${missing.length} migration steps, from ${missing[0]!.name} on; ` +
          'run "postlog migrate", or connect with migrate: true.',
      );
    }
  }
}
