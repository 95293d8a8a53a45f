import type { BrokerId, PartitionState, RegisteredBroker } from '../cluster/cluster-image.js';
import { decideController } from '../cluster/controller-decisions.js';
import { changeIsr, drainLeader, removeFromIsr } from '../cluster/leader-election.js';
import { offset } from '../record/offset.js';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import { IsrKeeper, type IsrChange } from '../replication/isr-keeper.js';
import { ReplicaFetcher } from '../replication/replica-fetcher.js';
import { manualClock } from './manual-clock.js';
import type { Stored } from './memory-replica.js';
import { MemoryReplicaStore } from './memory-replica-store.js';

const PARTITION = 7;
const LAG_MS = 10_000;

/**
 * One partition on brokers 1, 2 and 3 in memory, with production's fetchers and ISR keepers; nothing happens but what a
 * spec says. Broker 1 leads at epoch 1, all are in sync and know it.
 */
export class MemoryCluster {
  readonly clock = manualClock();
  readonly #minIsr: number;
  readonly #stores: ReadonlyMap<BrokerId, MemoryReplicaStore>;
  readonly #keepers = new Map<BrokerId, IsrKeeper>();
  #fenced: readonly BrokerId[] = [];
  #state: PartitionState = {
    partition: 0,
    partitionId: PARTITION,
    replicas: [1, 2, 3],
    addingReplicas: [],
    removingReplicas: [],
    isr: [1, 2, 3],
    elr: [],
    leader: 1,
    leaderEpoch: 1,
    partitionEpoch: 1,
    isRecovering: false,
  };

  constructor({ minIsr }: { readonly minIsr: number }) {
    this.#minIsr = minIsr;
    const store = (brokerId: BrokerId) =>
      new MemoryReplicaStore({ brokerId, clock: this.clock, replicaLagTimeMaxMs: LAG_MS });
    this.#stores = new Map([1, 2, 3].map((id) => [id, store(id)]));
  }

  /** What the metadata store says of the partition. */
  get state(): PartitionState {
    return this.#state;
  }

  store(id: BrokerId): MemoryReplicaStore {
    return this.#stores.get(id)!;
  }

  /** These brokers hear what the metadata store says now; the others go on as before. */
  async tell(...ids: readonly BrokerId[]): Promise<void> {
    for (const id of ids)
      await this.store(id).applyRoles([{ ...this.#state, topicId: 'orders', minIsr: this.#minIsr }]);
  }

  async append(id: BrokerId, value: string, acks: 1 | 'all' = 1): Promise<Stored> {
    const [replica] = await this.store(id).listReplicas();
    const builder = new RecordBatchBuilder();
    builder.append({ value }, 1_000);
    const nobody = { producerId: -1n, producerEpoch: -1, baseSequence: -1 };
    const bytes = await builder.build({ compression: 'none', ...nobody });
    return this.store(id).append(PARTITION, replica!.leaderEpoch, { recordCount: 1, ...nobody, bytes }, { acks });
  }

  /** So many turns of a follower at the leader that it knows. */
  async fetch(id: BrokerId, turns = 1): Promise<void> {
    const [replica] = await this.store(id).listReplicas();
    const leaderId = replica!.leader!;
    const fetcher = new ReplicaFetcher({
      brokerId: id,
      leaderId,
      own: this.store(id),
      leader: this.store(leaderId),
      clock: this.clock,
      onStale: () => {},
      onTruncated: () => {},
    });
    for (let turn = 0; turn < turns; turn += 1) {
      fetcher.wake([PARTITION]);
      await fetcher.step(1);
    }
  }

  /** The controller hears that exactly these brokers are fenced. */
  fence(...fenced: readonly BrokerId[]): void {
    this.#fenced = fenced;
    const topic = {
      topic: 'orders',
      topicId: 'orders',
      config: { 'min.insync.replicas': String(this.#minIsr) },
      replicationFactor: 3,
      partitions: [this.#state],
    };
    const image = { revision: 1n, brokers: this.#brokers(), topics: new Map([['orders', topic]]) };
    const decision = decideController({ image, aliveBrokers: new Set([1, 2, 3]) });
    this.#state = decision?.topics[0]?.partitions[0] ?? this.#state;
  }

  /** Leadership moves although nobody failed. */
  move(to: BrokerId): void {
    this.#state = drainLeader(this.#state, this.#state.leader!, new Set([to]), this.#minIsr) ?? this.#state;
  }

  /** A broker comes back with a log that may have lost its end. */
  restartUncleanly(id: BrokerId): void {
    this.#state = removeFromIsr(this.#state, [id], { minIsr: this.#minIsr, isUnclean: true }) ?? this.#state;
  }

  /** A leader looks after its ISR once. */
  async keepIsr(id: BrokerId): Promise<void> {
    const keeper = this.#keepers.get(id) ?? this.#newKeeper(id);
    this.#keepers.set(id, keeper);
    await keeper.step();
  }

  /** A broker's log: values with the epoch of each, and the values below its high watermark. */
  async log(id: BrokerId): Promise<{ readonly records: readonly string[]; readonly shown: readonly string[] }> {
    const [replica] = await this.store(id).listReplicas();
    const all = this.store(id)
      .logOf(PARTITION)
      .map(({ bytes, baseOffset, leaderEpoch }) => {
        const [message] = decodeBatch(bytes, { baseOffset });
        return `${message!.value!.toString()}@${leaderEpoch}`;
      });
    return { records: all, shown: all.slice(0, Number(replica!.highWatermark)) };
  }

  /** What a client reads. */
  async read(id: BrokerId): Promise<number> {
    const answer = await this.store(id).read(PARTITION, -1, offset(0));
    return 'error' in answer ? -1 : answer.batches.length;
  }

  #newKeeper(id: BrokerId): IsrKeeper {
    const brokers = () => this.#brokers();
    const change = ({ isr, leaderEpoch, partitionEpoch }: IsrChange) => {
      if (leaderEpoch !== this.#state.leaderEpoch || partitionEpoch !== this.#state.partitionEpoch) return false;
      this.#state = changeIsr(this.#state, isr, this.#minIsr);
      return true;
    };
    return new IsrKeeper({
      own: this.store(id),
      authority: { brokers, changeIsr: async (changes) => changes.map(change) },
      clock: this.clock,
      replicaLagTimeMaxMs: LAG_MS,
      onDecided: () => {},
      onError: (error) => {
        throw error;
      },
    });
  }

  #brokers(): ReadonlyMap<BrokerId, RegisteredBroker> {
    const broker = (brokerId: BrokerId): RegisteredBroker => ({
      brokerId,
      rack: null,
      address: '',
      identity: { systemIdentifier: String(brokerId), timelineId: 1, incarnation: 1, flushedWal: '0' },
      brokerEpoch: 1,
      state: this.#fenced.includes(brokerId) ? 'fenced' : 'active',
    });
    return new Map([1, 2, 3].map((id) => [id, broker(id)]));
  }
}
