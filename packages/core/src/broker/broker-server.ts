/**
 * One broker of a cluster, at work: registers it, keeps its session, makes its database what the metadata store says, copies what it follows, keeps the
 * in-sync replicas of what it leads, and stands by as controller.
 *
 * `postlog broker` runs one as a process; the same object runs inside an application. What may go wrong between two steps is compared inside the
 * writes themselves, so that any of these loops may stop, lag or run twice.
 */
import { BrokerRegistration } from '../cluster/broker-registration.js';
import type { BrokerId, ClusterImage } from '../cluster/cluster-image.js';
import { readImage } from '../cluster/cluster-metadata.js';
import { Controller } from '../cluster/controller.js';
import { PostgresBrokerDatabase } from '../cluster/postgres-broker-database.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import { IsrKeeper } from '../replication/isr-keeper.js';
import { MetadataIsrAuthority } from '../replication/metadata-isr-authority.js';
import { PostgresReplicaStore } from '../replication/postgres-replica-store.js';
import { ReplicaManager } from '../replication/replica-manager.js';
import type { ReplicaRole } from '../replication/replica-store.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import { createDeferred } from '../runtime/deferred.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';
import { BrokerSession } from './broker-session.js';
import { Broker, type BrokerOptions } from './broker.js';
import { tendGroupLogs } from './group-log-service.js';
import { ReplicaFetchers } from './replica-fetchers.js';

export interface BrokerServerOptions extends Omit<BrokerOptions, 'services' | 'migrate' | 'brokerId' | 'hears'> {
  readonly brokerId: BrokerId;
  readonly rack: string | null;
  readonly address: string;
  readonly store: MetadataStore;
  /** How to reach another broker's database. */
  readonly urlOf: (brokerId: BrokerId, address: string) => string;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly replicaLagTimeMaxMs: number;
  readonly preferredElectionEveryMs: number;
  readonly allowSharedServer: boolean;
}

const IMAGE_EVERY_MS = 500;
const CONTROLLER_EVERY_MS = 500;
const ISR_EVERY_MS = 1_000;
/** While a follower is about to join. */
const ISR_SOON_MS = 50;
const CHECKPOINT_EVERY_MS = 3_000;
const GROUP_LOGS_EVERY_MS = 3_000;
const PROGRESS_EVERY_MS = 10_000;
const DRAIN_DEADLINE_MS = 10_000;

export class BrokerServer {
  readonly #options: BrokerServerOptions;
  readonly #broker: Broker;
  readonly #replicas: PostgresReplicaStore;
  readonly #registration: BrokerRegistration;
  readonly #manager: ReplicaManager;
  readonly #session: BrokerSession;
  #appliedRevision: bigint | undefined;
  readonly #controller: Controller;
  readonly #fetchers: ReplicaFetchers;
  readonly #ended = createDeferred<PostlogError | undefined>();
  readonly #inService = createDeferred<void>();
  readonly #loops: Loop[] = [];
  #stopWatching = () => {};
  #applySoon = () => {};
  #decideSoon = () => {};
  #tendGroupLogsSoon = () => {};
  #isStopping = false;

  private constructor(options: BrokerServerOptions, broker: Broker) {
    const { brokerId, store, clock, logger, random, sessionTimeoutMs, replicaLagTimeMaxMs } = options;
    this.#options = options;
    this.#broker = broker;
    this.#replicas = new PostgresReplicaStore(broker.database);
    this.#registration = new BrokerRegistration({
      ...options,
      database: new PostgresBrokerDatabase(broker.database),
      beforeLeading: () => this.#session.hearFirst(),
    });
    this.#manager = new ReplicaManager({
      brokerId,
      own: this.#replicas,
      topics: this.#replicas,
      onChanged: (roles) => this.#tellOthers(roles),
    });
    this.#session = new BrokerSession({
      ...options,
      registration: this.#registration,
      manager: this.#manager,
      onApplied: (image) => this.#applied(image),
    });
    this.#controller = new Controller({
      ...options,
      holder: random.uniqueName(`broker-${brokerId}`),
      onDecided: () => this.#applySoon(),
    });
    this.#fetchers = new ReplicaFetchers({
      ...options,
      own: this.#replicas,
      brokerEpoch: () => this.#registration.brokerEpoch,
      onStale: () => this.#applySoon(),
      onError: (error) => this.#report('copying', error),
    });
    const keeper = new IsrKeeper({
      own: this.#replicas,
      authority: new MetadataIsrAuthority(store, () => this.#session.image),
      clock,
      replicaLagTimeMaxMs,
      onDecided: () => this.#applySoon(),
      onError: (error) => this.#report('keeping in-sync replicas', error),
    });
    this.#start = () => {
      this.#loop('its session', async () => this.#live());
      this.#decideSoon = this.#loop('controlling', async () =>
        (await this.#controller.step()) ? 0 : CONTROLLER_EVERY_MS,
      ).wake;
      this.#applySoon = this.#loop('following the metadata', async () => {
        await this.#session.follow();
        return IMAGE_EVERY_MS;
      }).wake;
      this.#loop('keeping in-sync replicas', async () => ((await keeper.step()) ? ISR_SOON_MS : ISR_EVERY_MS));
      this.#loop('writing marks down', async () => {
        await this.#replicas.checkpointWatermarks();
        return CHECKPOINT_EVERY_MS;
      });
      this.#tendGroupLogsSoon = this.#loop('tending group logs', async () => {
        return (await tendGroupLogs(this.#broker)) ? 0 : GROUP_LOGS_EVERY_MS;
      }).wake;
      this.#loop('recording its progress', async () => {
        if (this.#registration.brokerEpoch !== undefined) await this.#registration.recordProgress();
        return PROGRESS_EVERY_MS;
      });
      this.#stopWatching = store.watch(() => {
        this.#applySoon();
        this.#decideSoon();
      });
    };
    logger.debug('a broker begins', { brokerId, sessionTimeoutMs });
  }

  readonly #start: () => void;

  /**
   * Reaches the database, migrates it, registers the broker and begins.
   *
   * @throws PostlogError that says why not, within `connectionTimeout`.
   */
  static async start(options: BrokerServerOptions): Promise<BrokerServer> {
    // Nobody consumes or joins groups through it.
    const broker = await Broker.open({
      ...options,
      migrate: true,
      services: true,
      isOfCluster: true,
      hears: 'nothing',
    });
    const server = new BrokerServer(options, broker);
    try {
      await server.#registration.register();
    } catch (error) {
      await broker.close();
      throw error;
    }
    server.#start();
    return server;
  }

  /** Resolves when the broker has ended: with an error when it cannot go on, as when another process runs it. */
  get ended(): Promise<PostlogError | undefined> {
    return this.#ended.promise;
  }

  /** Resolves when the broker first serves: registered, at the state of the metadata store, and taken into service. Never, when it ends before. */
  get inService(): Promise<void> {
    return this.#inService.promise;
  }

  /** Gives leaderships away first (rule D33), as far as others can have them, then stops. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    await this.#handOver().catch((error: unknown) => this.#report('handing over', error));
    await this.#end(undefined);
  }

  /** Stops at once, as a crash would, but closes what is open. */
  async abort(): Promise<void> {
    this.#isStopping = true;
    await this.#end(undefined, false);
  }

  async #end(error: PostlogError | undefined, isOrderly = true): Promise<void> {
    this.#isStopping = true;
    this.#stopWatching();
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    await this.#fetchers.stop();
    if (isOrderly && error === undefined) {
      const report = (cause: unknown) => this.#report('resigning', cause);
      await this.#replicas.checkpointWatermarks().catch(report);
      await this.#registration.resign().catch(report);
      await this.#controller.resign().catch(report);
    }
    await this.#broker.close();
    this.#ended.resolve(error);
  }

  async #handOver(): Promise<void> {
    const { brokerId, clock, store } = this.#options;
    if (!(await this.#registration.drain())) return;
    const deadline = clock.monotonic() + DRAIN_DEADLINE_MS;
    const canMove = (image: ClusterImage) =>
      [...image.topics.values()].some(({ partitions }) =>
        partitions.some(
          ({ leader, isr }) =>
            leader === brokerId &&
            isr.some((other) => other !== brokerId && image.brokers.get(other)?.state === 'active'),
        ),
      );
    this.#decideSoon();
    while (clock.monotonic() < deadline && canMove(await readImage(store))) await clock.sleep(50);
  }

  async #live(): Promise<number> {
    const { heartbeatIntervalMs, brokerId } = this.#options;
    try {
      const heartbeat = await this.#session.heartbeat({ isStopping: this.#isStopping });
      if (heartbeat === 'entered') {
        this.#options.logger.info(`broker ${brokerId} is in service`);
        this.#inService.resolve();
        this.#decideSoon();
        this.#applySoon();
      }
      return heartbeat === 'goesOn' ? heartbeatIntervalMs : 100;
    } catch (error) {
      if (!(error instanceof PostlogError) || error.code !== 'STALE_BROKER_EPOCH') throw error;
      void this.#end(error);
      return heartbeatIntervalMs;
    }
  }

  #applied(image: ClusterImage): void {
    this.#fetchers.follow(image);
    if (this.#manager.appliedRevision !== this.#appliedRevision) this.#broker.announceTopics();
    this.#appliedRevision = this.#manager.appliedRevision;
  }

  /** A deposed leader hears of it from its successor too, so that it does not go on until its time is up. */
  #tellOthers(roles: readonly ReplicaRole[]): void {
    this.#broker.announceAppend(roles.map(({ partitionId }) => partitionId));
    const led = roles.filter(({ leader }) => leader === this.#options.brokerId);
    if (led.length === 0) return;
    this.#fetchers.depose(led);
    this.#tendGroupLogsSoon();
  }

  #loop(what: string, step: () => Promise<number>): Loop {
    const { clock, random, heartbeatIntervalMs } = this.#options;
    const loop = startLoop({
      clock,
      random: random.next,
      retry: { ...DEFAULT_RETRY, maxRetryTime: Math.min(1_000, heartbeatIntervalMs) },
      step,
      onError: (error) => this.#report(what, error),
    });
    this.#loops.push(loop);
    return loop;
  }

  #report(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.logger.debug(`broker ${this.#options.brokerId}: ${what} met an error`, { reason });
  }
}
