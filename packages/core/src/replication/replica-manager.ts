/**
 * Makes a broker's database what the metadata store says: topics, replicas, who leads them under which epoch.
 *
 * It decides nothing. What it brings late changes nothing: the database compares epochs and revisions in the rows it writes.
 */
import type { BrokerId, ClusterImage } from '../cluster/cluster-image.js';
import { newRoles, rolesOf, type KnownEpochs } from './replica-roles.js';
import type { ReplicaRole, ReplicaStore } from './replica-store.js';

/** A broker's own copy of what topics there are. */
export interface TopicStore {
  /** Answers false when a later revision was applied before. What is not held any more is dropped. */
  applyTopics(image: ClusterImage, heldPartitionIds: readonly number[]): Promise<boolean>;
}

export interface ReplicaManagerOptions {
  readonly brokerId: BrokerId;
  readonly own: ReplicaStore;
  readonly topics: TopicStore;
  /** These replicas have another leader, epoch or ISR now. */
  readonly onChanged: (roles: readonly ReplicaRole[]) => void;
}

/** So many replicas are locked in one statement at most. */
const MOST_ROLES = 100;

export class ReplicaManager {
  readonly #options: ReplicaManagerOptions;
  readonly #known = new Map<number, KnownEpochs>();
  #appliedRevision = -1n;
  #hasLooked = false;

  constructor(options: ReplicaManagerOptions) {
    this.#options = options;
  }

  /** The revision up to which the database is what the metadata store says; -1 before the first. */
  get appliedRevision(): bigint {
    return this.#appliedRevision;
  }

  async apply(image: ClusterImage): Promise<void> {
    if (image.revision <= this.#appliedRevision) return;
    const { own, topics, brokerId, onChanged } = this.#options;
    if (!this.#hasLooked) {
      for (const replica of await own.listReplicas()) this.#known.set(replica.partitionId, replica);
      this.#hasLooked = true;
    }
    const roles = rolesOf(image, brokerId);
    const fresh = newRoles(roles, this.#known);
    for (let from = 0; from < fresh.length; from += MOST_ROLES) {
      const some = fresh.slice(from, from + MOST_ROLES);
      await own.applyRoles(some);
      for (const role of some) this.#known.set(role.partitionId, role);
      onChanged(some);
    }
    const held = new Set(roles.map(({ partitionId }) => partitionId));
    await topics.applyTopics(image, [...held]);
    for (const partitionId of this.#known.keys()) if (!held.has(partitionId)) this.#known.delete(partitionId);
    this.#appliedRevision = image.revision;
  }

  /** The database may be another, or an older copy of itself: look at all of it the next time. */
  forget(): void {
    this.#hasLooked = false;
    this.#known.clear();
    this.#appliedRevision = -1n;
  }
}
