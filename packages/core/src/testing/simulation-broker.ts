import { BrokerRegistration, LEAD_FOR } from '../cluster/broker-registration.js';
import type { BrokerId, ClusterImage } from '../cluster/cluster-image.js';
import { readImage } from '../cluster/cluster-metadata.js';
import { Controller } from '../cluster/controller.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import { IsrKeeper, type IsrAuthority } from '../replication/isr-keeper.js';
import { MetadataIsrAuthority } from '../replication/metadata-isr-authority.js';
import { ReplicaFetcher } from '../replication/replica-fetcher.js';
import { ReplicaManager } from '../replication/replica-manager.js';
import type { ReplicaRole, ReplicaStore } from '../replication/replica-store.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import { silentLogger } from '../runtime/logger.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';
import { overNetwork } from './simulation-network.js';
import type { SimulatedProcess } from './simulation-process.js';
import type { SimulationWorld } from './simulation-world.js';

/** As in production, some times faster; in milliseconds. */
export const PACE = {
  session: 3_000,
  heartbeat: 700,
  lag: 1_500,
  image: 500,
  controller: 500,
  isr: 500,
  isrSoon: 50,
  checkpoint: 1_500,
  progress: 4_000,
  look: 500,
  drain: 2_000,
} as const;

/**
 * One process of a broker: production's loops, put together as `broker/broker-server.ts` does, on stores behind a
 * network. It ends when it is killed, or by itself as a real one would.
 */
export class SimulatedBroker {
  readonly brokerId: BrokerId;
  readonly process: SimulatedProcess;
  readonly #world: SimulationWorld;
  readonly #own: ReplicaStore;
  readonly #store: MetadataStore;
  readonly #registration: BrokerRegistration;
  readonly #manager: ReplicaManager;
  readonly #controller: Controller;
  readonly #peers = new Map<BrokerId, { readonly replicas: ReplicaStore; readonly loop: Loop }>();
  readonly #loops: Loop[] = [];
  #image: ClusterImage | undefined;
  /** When the heartbeat began that last renewed the session. */
  #livedAt = -Infinity;
  #following: Promise<unknown> = Promise.resolve();
  #appliedUnder: number | undefined;
  #applySoon = () => {};
  #decideSoon = () => {};
  #isStopping = false;

  constructor(world: SimulationWorld, brokerId: BrokerId, process: SimulatedProcess) {
    const { network, metadata, random, mistakes } = world;
    const database = world.database(brokerId);
    this.#world = world;
    this.brokerId = brokerId;
    this.process = process;
    this.#own = database.replicasFor(process, network);
    this.#store = metadata.storeFor(process);
    const common = {
      brokerId,
      store: this.#store,
      clock: process.clock,
      logger: silentLogger,
      sessionTimeoutMs: PACE.session,
      replicaLagTimeMaxMs: PACE.lag,
    };
    this.#registration = new BrokerRegistration({
      ...common,
      rack: null,
      address: database.name,
      allowSharedServer: false,
      beforeLeading: async () => (mistakes.has('a leader leads on before it hears') ? undefined : this.#hearFirst()),
      database: overNetwork(database.identity, (what, effect) =>
        network.call(process, database, what, () => database.effect(effect)),
      ),
    });
    this.#manager = new ReplicaManager({
      brokerId,
      own: this.#own,
      topics: database.topics,
      onChanged: (roles) => this.#tellOthers(roles),
    });
    this.#controller = new Controller({
      ...common,
      holder: random.uniqueName(process.name),
      preferredElectionEveryMs: world.preferredElectionEveryMs,
      onDecided: () => this.#applySoon(),
    });
    const authority = new MetadataIsrAuthority(this.#store, () => this.#image);
    const keeper = new IsrKeeper({
      own: this.#own,
      authority: mistakes.has('an ISR is changed without comparing epochs') ? this.#careless(authority) : authority,
      clock: process.clock,
      replicaLagTimeMaxMs: PACE.lag,
      onDecided: () => this.#applySoon(),
      onError: (error) => this.#expectOperating(error),
    });
    void this.#live(keeper);
  }

  /** Gives leaderships away first, then stops (rule D33). */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    await this.#handOver().catch(() => {});
    await Promise.all(
      [...this.#loops, ...[...this.#peers.values()].map(({ loop }) => loop)].map((loop) => loop.stop()),
    );
    await this.#registration.resign().catch(() => {});
    await this.#controller.resign().catch(() => {});
    this.#world.ended(this, 'stopped in order');
  }

  async #live(keeper: IsrKeeper): Promise<void> {
    try {
      await this.#registration.register();
    } catch (error) {
      this.#world.ended(this, `could not register: ${String(error)}`);
      return;
    }
    const { network } = this.#world;
    const database = this.#world.database(this.brokerId);
    this.#loop(() => this.#heartbeat());
    this.#decideSoon = this.#loop(async () => ((await this.#controller.step()) ? 0 : PACE.controller)).wake;
    this.#applySoon = this.#loop(() => this.#follow()).wake;
    this.#loop(async () => ((await keeper.step()) ? PACE.isrSoon : PACE.isr));
    this.#loop(async () => {
      await network.call(this.process, database, 'checkpoint', async () => database.replicas.checkpoint());
      return PACE.checkpoint;
    });
    this.#loop(async () => {
      if (this.#registration.brokerEpoch !== undefined) await this.#registration.recordProgress();
      return PACE.progress;
    });
    this.#store.watch(() => {
      this.#applySoon();
      this.#decideSoon();
    });
  }

  async #heartbeat(): Promise<number> {
    const beganAt = this.process.clock.monotonic();
    try {
      await this.#registration.heartbeat();
      this.#livedAt = beganAt;
      const isFenced = this.#image?.brokers.get(this.brokerId)?.state === 'fenced';
      if (isFenced && !this.#isStopping && (await this.#registration.activate())) {
        this.#decideSoon();
        this.#applySoon();
      }
      return this.#image === undefined || isFenced ? 100 : PACE.heartbeat;
    } catch (error) {
      if (!(error instanceof PostlogError) || error.code !== 'STALE_BROKER_EPOCH') throw error;
      this.#world.ended(this, 'another process runs the broker');
      return PACE.heartbeat;
    }
  }

  /** Who was away for long leads on only as what the metadata store says that it is. */
  async #hearFirst(): Promise<void> {
    const wasAway = this.process.clock.monotonic() - this.#livedAt >= PACE.session * LEAD_FOR;
    if (wasAway || this.#appliedUnder !== this.#registration.brokerEpoch) await this.#follow();
  }

  #follow(): Promise<number> {
    const turn = this.#following.then(() => this.#applyNewest());
    this.#following = turn.catch(() => {});
    return turn;
  }

  async #applyNewest(): Promise<number> {
    const { brokerEpoch } = this.#registration;
    const image = await readImage(this.#store);
    if (this.#appliedUnder !== brokerEpoch) this.#manager.forget();
    await this.#manager.apply(image);
    this.#appliedUnder = brokerEpoch;
    this.#image = image;
    const leaders = new Set(
      [...image.topics.values()].flatMap(({ partitions }) => partitions.map(({ leader }) => leader)),
    );
    for (const other of image.brokers.keys()) {
      if (other === this.brokerId) continue;
      const { loop } = this.#peer(other);
      if (leaders.has(other)) loop.wake();
    }
    return PACE.image;
  }

  async #handOver(): Promise<void> {
    if (!(await this.#registration.drain())) return;
    const { clock } = this.process;
    const deadline = clock.monotonic() + PACE.drain;
    const leads = ({ topics }: ClusterImage) =>
      [...topics.values()].some(({ partitions }) => partitions.some(({ leader }) => leader === this.brokerId));
    this.#decideSoon();
    while (clock.monotonic() < deadline && leads(await readImage(this.#store))) await clock.sleep(100);
  }

  #tellOthers(roles: readonly ReplicaRole[]): void {
    const led = roles.filter(({ leader }) => leader === this.brokerId);
    for (const [other, { replicas }] of this.#peers) {
      const theirs = led.filter((role) => role.replicas.includes(other));
      if (theirs.length > 0) replicas.applyRoles(theirs).catch(() => {});
    }
  }

  #peer(other: BrokerId): { readonly replicas: ReplicaStore; readonly loop: Loop } {
    const known = this.#peers.get(other);
    if (known !== undefined) return known;
    const database = this.#world.database(other);
    const replicas = database.replicasFor(this.process, this.#world.network);
    const fetcher = new ReplicaFetcher({
      brokerId: this.brokerId,
      leaderId: other,
      own: this.#own,
      leader: replicas,
      clock: this.process.clock,
      onAdvanced: () => {},
      onStale: () => this.#applySoon(),
      onTruncated: ({ partitionId, logEndOffset }, from) =>
        this.#world.trace(this.process.name, `cuts ${partitionId} from ${logEndOffset} to ${from}`),
    });
    const loop = this.#newLoop(async () => {
      const epoch = this.#registration.brokerEpoch;
      return epoch === undefined ? PACE.look : fetcher.step(epoch);
    });
    database.listen(this.process, (partitionId) => {
      fetcher.wake([partitionId]);
      loop.wake();
    });
    const peer = { replicas, loop };
    this.#peers.set(other, peer);
    return peer;
  }

  #loop(step: () => Promise<number>): Loop {
    const loop = this.#newLoop(step);
    this.#loops.push(loop);
    return loop;
  }

  #newLoop(step: () => Promise<number>): Loop {
    const { random } = this.#world;
    return startLoop({
      clock: this.process.clock,
      random: () => random.next(),
      retry: { ...DEFAULT_RETRY, maxRetryTime: PACE.heartbeat },
      step,
      onError: (error) => this.#expectOperating(error),
    });
  }

  /** Loops go on after any error, so one that is no operating error would never be seen. */
  #expectOperating(error: unknown): void {
    if (!(error instanceof PostlogError)) this.#world.violate(`${this.process.name} met ${String(error)}`);
  }

  /** A mistake: the change is made under whatever epochs there are by now. */
  #careless(authority: IsrAuthority): IsrAuthority {
    return {
      brokers: () => authority.brokers(),
      changeIsr: async (change) => {
        const { topics } = await readImage(this.#store);
        const topic = [...topics.values()].find(({ topicId }) => topicId === change.topicId);
        const { leaderEpoch, partitionEpoch } = topic?.partitions[change.partition] ?? change;
        return authority.changeIsr({ ...change, leaderEpoch, partitionEpoch });
      },
    };
  }
}
