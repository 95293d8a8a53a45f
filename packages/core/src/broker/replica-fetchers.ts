import type { BrokerId, ClusterImage } from '../cluster/cluster-image.js';
import { PostgresReplicaStore } from '../replication/postgres-replica-store.js';
import { ReplicaFetcher } from '../replication/replica-fetcher.js';
import type { ReplicaRole, ReplicaStore } from '../replication/replica-store.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';
import { Broker, type BrokerOptions } from './broker.js';

export interface ReplicaFetchersOptions extends Omit<BrokerOptions, 'services' | 'migrate' | 'brokerId' | 'hears'> {
  readonly brokerId: BrokerId;
  readonly own: ReplicaStore;
  readonly brokerEpoch: () => number | undefined;
  readonly urlOf: (brokerId: BrokerId, address: string) => string;
  /** A leader knows better than the metadata that was applied here. */
  readonly onStale: () => void;
  readonly onError: (error: unknown) => void;
}

/** A broker that is not registered yet fetches nothing. */
const REGISTERED_SOON_MS = 500;

interface Peer {
  readonly broker: Broker;
  readonly replicas: ReplicaStore;
  readonly address: string;
  /** Looks at these partitions now. */
  readonly wake: (partitionIds: readonly number[]) => void;
  readonly loop: Loop;
  leaveWakeUps: () => void;
}

/** One fetcher for each broker that leads something which this broker follows, each at its own pace. */
export class ReplicaFetchers {
  readonly #options: ReplicaFetchersOptions;
  readonly #peers = new Map<BrokerId, Peer>();

  constructor(options: ReplicaFetchersOptions) {
    this.#options = options;
  }

  /** Begins and wakes fetchers as the image asks for. A broker that is left alone for now stays attached. */
  follow(image: ClusterImage): void {
    const { brokerId } = this.#options;
    const followed = new Map<BrokerId, number[]>();
    for (const { partitions } of image.topics.values()) {
      for (const { leader, replicas, partitionId } of partitions) {
        if (leader === null || leader === brokerId || !replicas.includes(brokerId)) continue;
        const partitionIds = followed.get(leader);
        if (partitionIds === undefined) followed.set(leader, [partitionId]);
        else partitionIds.push(partitionId);
      }
    }
    for (const other of image.brokers.values()) {
      if (other.brokerId === brokerId) continue;
      const peer = this.#peer(other.brokerId, other.address);
      const partitionIds = followed.get(other.brokerId) ?? [];
      peer.leaveWakeUps();
      const leave = partitionIds.map((id) => peer.broker.appended.wait([id], () => peer.wake([id])));
      peer.leaveWakeUps = () => leave.forEach((each) => each());
      if (partitionIds.length > 0) peer.wake(partitionIds);
    }
  }

  /** Tells the other replicas of these partitions who leads them; whoever cannot be reached hears of it otherwise. */
  depose(roles: readonly ReplicaRole[]): void {
    const { brokerId, onError } = this.#options;
    for (const [other, { replicas }] of this.#peers) {
      const theirs = roles.filter((role) => other !== brokerId && role.replicas.includes(other));
      if (theirs.length > 0) void replicas.applyRoles(theirs).catch(onError);
    }
  }

  async stop(): Promise<void> {
    const peers = [...this.#peers.values()];
    this.#peers.clear();
    await Promise.all(
      peers.map(async ({ loop, broker, leaveWakeUps }) => {
        leaveWakeUps();
        await loop.stop();
        await broker.close();
      }),
    );
  }

  #peer(brokerId: BrokerId, address: string): Peer {
    const known = this.#peers.get(brokerId);
    if (known !== undefined && known.address === address) return known;
    if (known !== undefined) void this.#dismiss(known);
    const { own, clock, random, onError, logger, urlOf, brokerEpoch } = this.#options;
    const broker = Broker.attach({
      ...this.#options,
      brokerId,
      url: urlOf(brokerId, address),
      services: false,
      migrate: false,
      hears: 'what is to be copied',
    });
    const replicas = new PostgresReplicaStore(broker.database, broker.watermarkWakeUps);
    const fetcher = this.#fetcher(brokerId, own, replicas);
    const step = async () => {
      const epoch = brokerEpoch();
      return epoch === undefined ? REGISTERED_SOON_MS : fetcher.step(epoch);
    };
    const retry = { ...DEFAULT_RETRY, maxRetryTime: 1_000 };
    const loop = startLoop({ clock, random: random.next, retry, step, onError });
    const wake = (partitionIds: readonly number[]) => {
      fetcher.wake(partitionIds);
      loop.wake();
    };
    const peer: Peer = { broker, replicas, address, wake, loop, leaveWakeUps: () => {} };
    this.#peers.set(brokerId, peer);
    logger.debug('attached to another broker', { brokerId, address });
    return peer;
  }

  #fetcher(leaderId: BrokerId, own: ReplicaStore, leader: ReplicaStore): ReplicaFetcher {
    const { clock, logger, brokerId, onStale } = this.#options;
    return new ReplicaFetcher({
      brokerId,
      leaderId,
      own,
      leader,
      clock,
      onStale,
      onTruncated: ({ partitionId, logEndOffset, highWatermark }, from) => {
        const detail = { partitionId, from: String(from), to: String(logEndOffset) };
        if (from < highWatermark) logger.error('records were dropped that an unclean election gave up', detail);
        else if (from < logEndOffset) logger.warn('records were dropped that the leader does not have', detail);
      },
    });
  }

  async #dismiss({ loop, broker, leaveWakeUps }: Peer): Promise<void> {
    leaveWakeUps();
    await loop.stop();
    await broker.close();
  }
}
