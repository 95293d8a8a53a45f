/**
 * Appoints leaders: whoever holds the lease looks at the cluster as it is and writes what follows from that.
 *
 * Every write is fenced by the epoch of the lease, so a controller that was stopped and goes on changes nothing. What follows is
 * decided in `controller-decisions.ts`.
 */
import type { MetadataStore } from '../metadata/metadata-store.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { ClusterImage } from './cluster-image.js';
import { commitDecision, readImage, type StoredImage } from './cluster-metadata.js';
import { decideController, decidePreferredElections, type ControllerDecision } from './controller-decisions.js';

export interface ControllerOptions {
  readonly store: MetadataStore;
  /** Named in the lease. */
  readonly holder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sessionTimeoutMs: number;
  /** How often leaderships go back to the preferred replicas (rule D32). */
  readonly preferredElectionEveryMs: number;
  /** Something was written: everybody in this process should look. */
  readonly onDecided: () => void;
}

export const CONTROLLER_LEASE = 'controller';
const BROKER_LEASES = 'broker/';

export class Controller {
  readonly #options: ControllerOptions;
  /** Since when every look at the store was answered: a session that ran out while nobody could renew it says nothing. */
  #answeredSince: number | undefined;
  #electedAt: number;
  #epoch: bigint | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#electedAt = options.clock.monotonic();
  }

  /** Whether this process held the lease at its last look. */
  get isActive(): boolean {
    return this.#epoch !== undefined;
  }

  /** One look; true when something was decided, so that another is worth it at once. */
  async step(): Promise<boolean> {
    const { store, holder, sessionTimeoutMs, clock } = this.#options;
    try {
      this.#epoch = await store.acquireLease({ name: CONTROLLER_LEASE, holder, ttlMs: (sessionTimeoutMs * 2) / 3 });
      this.#answeredSince ??= clock.monotonic();
      return this.#epoch !== undefined && (await this.#decide(this.#epoch));
    } catch (error) {
      this.#answeredSince = undefined;
      throw error;
    }
  }

  async resign(): Promise<void> {
    const { store, holder } = this.#options;
    await store.resignLease({ name: CONTROLLER_LEASE, holder });
    this.#epoch = undefined;
  }

  async #decide(epoch: bigint): Promise<boolean> {
    const { store, clock, sessionTimeoutMs } = this.#options;
    // Leases first: who is alive by them and registers meanwhile is in the image that is read after.
    const leases = await store.listLeases(BROKER_LEASES);
    const image = await readImage(store);
    const alive = new Set(leases.map(({ name }) => Number(name.slice(BROKER_LEASES.length))));
    const mayFence = clock.monotonic() - this.#answeredSince! >= sessionTimeoutMs;
    const aliveBrokers = mayFence ? alive : new Set([...alive, ...image.brokers.keys()]);
    const decision = decideController({ image, aliveBrokers }) ?? this.#preferred(image, aliveBrokers);
    if (decision === undefined) return false;
    return this.#write(image, decision, epoch);
  }

  #preferred(image: ClusterImage, aliveBrokers: ReadonlySet<number>): ControllerDecision | undefined {
    const { clock, preferredElectionEveryMs } = this.#options;
    if (clock.monotonic() - this.#electedAt < preferredElectionEveryMs) return undefined;
    this.#electedAt = clock.monotonic();
    return decidePreferredElections({ image, aliveBrokers });
  }

  async #write(image: StoredImage, decision: ControllerDecision, epoch: bigint): Promise<boolean> {
    const { store, logger, onDecided } = this.#options;
    const isWritten = await commitDecision(store, image, decision, { name: CONTROLLER_LEASE, epoch });
    if (!isWritten) return true; // Somebody was faster: look again.
    for (const { brokerId, state } of decision.brokers) logger.info(`broker ${brokerId} is ${state} now`);
    logger.debug('the controller decided', { topics: decision.topics.map(({ topic }) => topic) });
    onDecided();
    return true;
  }
}
