import type { BrokerDatabase } from '../cluster/broker-database.js';
import type { BrokerId } from '../cluster/cluster-image.js';
import type { TopicStore } from '../replication/replica-manager.js';
import type { FollowedLog, ReplicaRole, ReplicaStore } from '../replication/replica-store.js';
import type { Clock } from '../runtime/clock.js';
import { MemoryReplicaStore } from './memory-replica-store.js';
import type { Mistakes } from './simulation-mistakes.js';
import { overNetwork, type SimulatedNetwork, type SimulatedServer } from './simulation-network.js';
import type { SimulatedProcess } from './simulation-process.js';

export interface SimulatedDatabaseOptions {
  readonly brokerId: BrokerId;
  readonly clock: Clock;
  readonly replicaLagTimeMaxMs: number;
  readonly mistakes: Mistakes;
  /** Something may have changed in it. */
  readonly onEffect: (database: SimulatedDatabase) => void;
}

/** A broker's database on a server of its own: replicas, who it is, and who wants to be woken. */
export class SimulatedDatabase implements SimulatedServer {
  readonly brokerId: BrokerId;
  readonly name: string;
  readonly clock: Clock;
  readonly replicas: MemoryReplicaStore;
  readonly identity: BrokerDatabase;
  readonly #options: SimulatedDatabaseOptions;
  readonly #woken = new Set<{ readonly process: SimulatedProcess; readonly wake: (partitionId: number) => void }>();
  #isUp = true;
  #starts = 1;
  #writes = 0;
  #incarnation = 0;

  constructor(options: SimulatedDatabaseOptions) {
    this.#options = options;
    this.brokerId = options.brokerId;
    this.name = `database ${options.brokerId}`;
    this.clock = options.clock;
    this.replicas = new MemoryReplicaStore(options);
    this.replicas.leadUntil(-Infinity);
    this.identity = this.#identity();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get starts(): number {
    return this.#starts;
  }

  /** What is not on disk is lost. */
  crash(): void {
    this.#isUp = false;
    this.replicas.crash();
  }

  start(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#starts += 1;
  }

  /** `wake` is called when records came, as far as the network allows. */
  listen(process: SimulatedProcess, wake: (partitionId: number) => void): void {
    this.#woken.add({ process, wake });
  }

  /** Records came to a partition. */
  notify(network: SimulatedNetwork, partitionId: number): void {
    for (const each of this.#woken) {
      if (each.process.isAlive) network.hint(this.name, each.process, () => each.wake(partitionId));
      else this.#woken.delete(each);
    }
  }

  /** The replicas as a process sees them. */
  replicasFor(process: SimulatedProcess, network: SimulatedNetwork): ReplicaStore {
    return overNetwork<ReplicaStore>(this.#withMistakes(), (what, effect) =>
      network.call(process, this, what, () => this.effect(effect)),
    );
  }

  /** Makes an effect, and has it checked at the same moment. */
  async effect<T>(make: () => Promise<T>): Promise<T> {
    this.#writes += 1;
    try {
      return await make();
    } finally {
      this.#options.onEffect(this);
    }
  }

  /** Topics as such are not simulated: replicas come to be with their first role. */
  get topics(): TopicStore {
    return { applyTopics: async () => true };
  }

  #identity(): BrokerDatabase {
    const { brokerId, mistakes } = this.#options;
    return {
      identify: async () => ({
        brokerId,
        databaseOid: 1,
        systemIdentifier: String(brokerId),
        timelineId: 1,
        incarnation: this.#incarnation,
        writtenWal: String(this.#writes),
        now: String(this.clock.monotonic()),
      }),
      raiseIncarnation: async (_brokerId, _lagMs, above) => {
        this.#incarnation = Math.max(this.#incarnation, above) + 1;
        this.replicas.leadUntil(this.clock.monotonic());
        if (mistakes.has('a leader leads for ever')) this.replicas.leadUntil(Infinity);
        if (mistakes.has('a pending ISR is forgotten with its process')) await this.#forgetPending();
        return this.#incarnation;
      },
      leadUntil: async (since, ms, incarnation) => {
        if (incarnation !== this.#incarnation) return false;
        if (!mistakes.has('a leader leads for ever')) this.replicas.leadUntil(Number(since) + ms);
        return true;
      },
    };
  }

  #withMistakes(): ReplicaStore {
    const { mistakes, brokerId } = this.#options;
    const { replicas } = this;
    if (mistakes.has('producers are not copied')) {
      const nobodys = (append: Parameters<ReplicaStore['appendAsFollower']>[0][number]) => ({
        ...append,
        batches: append.batches.map((batch) => ({ ...batch, producerId: -1n })),
      });
      return inPlaceOf(replicas, { appendAsFollower: (appends) => replicas.appendAsFollower(appends.map(nobodys)) });
    }
    if (mistakes.has('a follower truncates to its high watermark')) {
      const cut = async ({ partitionId, leader }: ReplicaRole) => {
        const { local } = replicas.replicaOf(partitionId)!;
        if (leader !== brokerId && leader !== null) await replicas.truncate(local, local.highWatermark);
      };
      return inPlaceOf(replicas, {
        applyRoles: async (roles) => {
          const before = new Map(roles.map((role) => [role, replicas.replicaOf(role.partitionId)?.local.leaderEpoch]));
          const changed = await replicas.applyRoles(roles);
          const isNew = (role: ReplicaRole) =>
            changed.includes(role.partitionId) && role.leaderEpoch > (before.get(role) ?? Infinity);
          for (const role of roles.filter(isNew)) await cut(role);
          return changed;
        },
      });
    }
    if (mistakes.has('a log is cut that nobody was asked about')) {
      const asItIs = (log: FollowedLog) => ({
        ...replicas.replicaOf(log.partitionId)!.local,
        leaderEpoch: log.leaderEpoch,
      });
      return inPlaceOf(replicas, {
        truncate: (log, to) => replicas.truncate(asItIs(log), to),
        restartAt: (log, at) => replicas.restartAt(asItIs(log), at),
      });
    }
    return replicas;
  }

  async #forgetPending(): Promise<void> {
    for (const replica of await this.replicas.listReplicas()) {
      if (replica.pendingIsr !== null)
        await this.replicas.withdrawIsr(replica.partitionId, replica, replica.pendingIsr);
    }
  }
}

function inPlaceOf(replicas: MemoryReplicaStore, others: Partial<ReplicaStore>): ReplicaStore {
  return new Proxy<ReplicaStore>(replicas, {
    get: (_, name) => {
      const method: unknown = Reflect.get(others, name) ?? Reflect.get(replicas, name, replicas);
      return typeof method === 'function' ? method.bind(replicas) : method;
    },
  });
}
