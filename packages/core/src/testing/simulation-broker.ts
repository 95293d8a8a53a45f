import { BrokerSession } from '../broker/broker-session.js';
import { BrokerRegistration } from '../cluster/broker-registration.js';
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

interface Peer {
  readonly replicas: ReplicaStore;
  readonly loop: Loop;
  readonly wake: (partitionIds: readonly number[]) => void;
}

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
  readonly #session: BrokerSession;
  readonly #controller: Controller;
  readonly #peers = new Map<BrokerId, Peer>();
  readonly #loops: Loop[] = [];
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
      beforeLeading: async () =>
        mistakes.has('a leader leads on before it hears') ? undefined : this.#session.hearFirst(),
      database: overNetwork(database.identity, (what, effect) =>
        network.call(process, database, what, () => database.effect(effect)),
      ),
    });
    const manager = new ReplicaManager({
      brokerId,
      own: this.#own,
      topics: database.topics,
      onChanged: (roles) => this.#tellOthers(roles),
    });
    this.#session = new BrokerSession({
      ...common,
      registration: this.#registration,
      manager,
      onApplied: (image) => this.#applied(image),
    });
    this.#controller = new Controller({
      ...common,
      holder: random.uniqueName(process.name),
      preferredElectionEveryMs: world.preferredElectionEveryMs,
      onDecided: () => this.#applySoon(),
    });
    const authority = new MetadataIsrAuthority(this.#store, () => this.#session.image);
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
    this.#applySoon = this.#loop(async () => {
      await this.#session.follow();
      return PACE.image;
    }).wake;
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
    try {
      const heartbeat = await this.#session.heartbeat({ isStopping: this.#isStopping });
      if (heartbeat === 'entered') {
        this.#decideSoon();
        this.#applySoon();
      }
      return heartbeat === 'goesOn' ? PACE.heartbeat : 100;
    } catch (error) {
      if (!(error instanceof PostlogError) || error.code !== 'STALE_BROKER_EPOCH') throw error;
      this.#world.ended(this, 'another process runs the broker');
      return PACE.heartbeat;
    }
  }

  #applied(image: ClusterImage): void {
    const partitions = [...image.topics.values()].flatMap((topic) => topic.partitions);
    for (const other of image.brokers.keys()) {
      if (other === this.brokerId) continue;
      const led = partitions.filter(({ leader, replicas }) => leader === other && replicas.includes(this.brokerId));
      const { wake } = this.#peer(other);
      if (led.length > 0) wake(led.map(({ partitionId }) => partitionId));
    }
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

  #peer(other: BrokerId): Peer {
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
      onStale: () => this.#applySoon(),
      onTruncated: ({ partitionId, logEndOffset }, from) =>
        this.#world.trace(this.process.name, `cuts ${partitionId} from ${logEndOffset} to ${from}`),
    });
    const loop = this.#newLoop(async () => {
      const epoch = this.#registration.brokerEpoch;
      return epoch === undefined ? PACE.look : fetcher.step(epoch);
    });
    const wake = (partitionIds: readonly number[]) => {
      fetcher.wake(partitionIds);
      loop.wake();
    };
    database.listen(this.process, (partitionId) => wake([partitionId]));
    const peer = { replicas, loop, wake };
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
      changeIsr: async (changes) => {
        const { topics } = await readImage(this.#store);
        const current = changes.map((change) => {
          const topic = [...topics.values()].find(({ topicId }) => topicId === change.topicId);
          const { leaderEpoch, partitionEpoch } = topic?.partitions[change.partition] ?? change;
          return { ...change, leaderEpoch, partitionEpoch };
        });
        return authority.changeIsr(current);
      },
    };
  }
}
