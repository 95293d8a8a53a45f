import type { BrokerId, ClusterImage, RegisteredBroker } from '../cluster/cluster-image.js';
import { openCluster, updateBroker, updateTopic } from '../cluster/cluster-metadata.js';
import { CONTROLLER_LEASE } from '../cluster/controller.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { ClusterView } from './cluster-view.js';
import type { ClusterOperations, ClusterState, ElectionOutcome, ElectionType, ReplicaTarget } from './cluster.js';
import { electLeaders } from './elect-leaders.js';
import { reassignPartitions } from './reassign-partitions.js';

export interface MultiBrokerOperationsOptions {
  readonly store: MetadataStore;
  readonly view: ClusterView;
  readonly clock: Clock;
  readonly random: Random;
}

const BROKER_LEASES = 'broker/';
const DRAINED_WITHIN_MS = 30_000;

/** What an operator does, written by compare-and-set as the controller's own decisions are; the brokers and the controller do the rest. */
export class MultiBrokerOperations implements ClusterOperations {
  readonly #options: MultiBrokerOperationsOptions;

  constructor(options: MultiBrokerOperationsOptions) {
    this.#options = options;
  }

  async describe(): Promise<ClusterState> {
    const { store, view, clock, random } = this.#options;
    const fresh = { clusterId: random.uuid(), createdAt: new Date(clock.now()).toISOString() };
    const { clusterId } = await openCluster(store, fresh);
    const leases = await store.listLeases(CONTROLLER_LEASE);
    const { brokers } = await view.refresh();
    return {
      clusterId,
      controller: controllerIn(leases.find(({ name }) => name === CONTROLLER_LEASE)?.holder),
      brokers: [...brokers.values()].map(({ brokerId, rack, address, state }) => ({ brokerId, rack, address, state })),
    };
  }

  async elect(
    type: ElectionType,
    topic: string,
    partitions: readonly number[] | null,
  ): Promise<readonly ElectionOutcome[]> {
    const { store, view } = this.#options;
    const aliveBrokers = await this.#aliveBrokers();
    let outcomes: readonly ElectionOutcome[] = [];
    const changed = await updateTopic(
      store,
      topic,
      (found, brokers) => {
        // Whoever is elected must be in service at the very moment of the change.
        const alive = new Set([...aliveBrokers].filter((brokerId) => brokers.get(brokerId)?.state === 'active'));
        const elected = electLeaders(found, type, { partitions, aliveBrokers: alive });
        outcomes = elected.outcomes;
        return elected.topic;
      },
      { brokers: aliveBrokers },
    );
    if (changed !== undefined) await view.refresh();
    return outcomes;
  }

  async reassign(topic: string, targets: readonly ReplicaTarget[]): Promise<void> {
    const { store, view } = this.#options;
    const alive = new Set(await this.#aliveBrokers());
    const registered = new Set((await view.refresh()).brokers.keys());
    const brokers = [...registered];
    await updateTopic(store, topic, (found) => reassignPartitions(found, targets, { registered, alive }), { brokers });
    await view.refresh();
  }

  async drain(brokerId: BrokerId): Promise<void> {
    const { store, view, clock } = this.#options;
    if (!(await view.refresh()).brokers.has(brokerId)) {
      throw new PostlogError(
        'INVALID_REQUEST',
        `broker ${brokerId} is not registered; describeCluster() names those that are.`,
      );
    }
    const drain = (broker: RegisteredBroker | undefined): RegisteredBroker | undefined =>
      broker?.state === 'active' ? { ...broker, state: 'draining' } : undefined;
    await updateBroker(store, brokerId, drain);
    const deadline = clock.monotonic() + DRAINED_WITHIN_MS;
    for (let left = leftTo(await view.refresh(), brokerId); left > 0; left = leftTo(await view.refresh(), brokerId)) {
      if (clock.monotonic() < deadline) continue;
      throw new PostlogError(
        'REQUEST_TIMED_OUT',
        `broker ${brokerId} still leads ${left} partitions that others could lead; see whether a controller is at work.`,
      );
    }
  }

  /** Brokers whose session has not run out. */
  async #aliveBrokers(): Promise<BrokerId[]> {
    const leases = await this.#options.store.listLeases(BROKER_LEASES);
    return leases.map(({ name }) => Number(name.slice(BROKER_LEASES.length)));
  }
}

/** How many leaderships a broker has that somebody else could have. */
function leftTo({ topics, brokers }: ClusterImage, brokerId: BrokerId): number {
  const canLead = (other: BrokerId) => other !== brokerId && brokers.get(other)?.state === 'active';
  return [...topics.values()]
    .flatMap(({ partitions }) => partitions)
    .filter(({ leader, isr }) => leader === brokerId && isr.some(canLead)).length;
}

/** The lease's holder is `broker-<id>-…`. */
function controllerIn(holder: string | undefined): BrokerId | null {
  const [, brokerId] = /^broker-(\d+)-/.exec(holder ?? '') ?? [];
  return brokerId === undefined ? null : Number(brokerId);
}
