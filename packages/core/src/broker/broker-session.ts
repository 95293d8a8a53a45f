import { LEAD_FOR, type BrokerRegistration } from '../cluster/broker-registration.js';
import type { BrokerId, ClusterImage } from '../cluster/cluster-image.js';
import { readImage } from '../cluster/cluster-metadata.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import type { ReplicaManager } from '../replication/replica-manager.js';
import type { Clock } from '../runtime/clock.js';

export interface BrokerSessionOptions {
  readonly brokerId: BrokerId;
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly sessionTimeoutMs: number;
  readonly registration: BrokerRegistration;
  readonly manager: ReplicaManager;
  /** The broker's database is what this image says. */
  readonly onApplied: (image: ClusterImage) => void;
}

/** What a heartbeat found: `entered` service just now, `notYet` in it, or it `goesOn`. */
export type Heartbeat = 'entered' | 'notYet' | 'goesOn';

/**
 * The session of one process of a broker: how it keeps in step what the metadata store says, what its database is, and whether it may lead.
 *
 * Whoever was away for longer than its session, or has registered anew, applies the newest image before it leads on (`hearFirst`, which the registration
 * calls before it renews the time to lead).
 */
export class BrokerSession {
  readonly #options: BrokerSessionOptions;
  #image: ClusterImage | undefined;
  /** When the heartbeat began that last renewed the session. */
  #livedAt = -Infinity;
  #following: Promise<void> = Promise.resolve();
  /** The registration under which the database was last made what the metadata store says. */
  #appliedUnder: number | undefined;

  constructor(options: BrokerSessionOptions) {
    this.#options = options;
  }

  /** As it was applied last; undefined before. */
  get image(): ClusterImage | undefined {
    return this.#image;
  }

  /**
   * Renews the session; goes back into service when the controller had fenced this broker, unless it is about to stop.
   *
   * @throws PostlogError as `BrokerRegistration.heartbeat`
   */
  async heartbeat({ isStopping }: { readonly isStopping: boolean }): Promise<Heartbeat> {
    const { brokerId, clock, registration } = this.#options;
    const beganAt = clock.monotonic();
    await registration.heartbeat();
    this.#livedAt = beganAt;
    const isFenced = this.#image?.brokers.get(brokerId)?.state === 'fenced';
    if (isFenced && !isStopping && (await registration.activate())) return 'entered';
    return this.#image === undefined || isFenced ? 'notYet' : 'goesOn';
  }

  /** Makes sure that the broker leads on only as what the metadata store says that it is. */
  async hearFirst(): Promise<void> {
    const { clock, sessionTimeoutMs, registration } = this.#options;
    const wasAway = clock.monotonic() - this.#livedAt >= sessionTimeoutMs * LEAD_FOR;
    if (wasAway || this.#appliedUnder !== registration.brokerEpoch) await this.follow();
  }

  /** Makes the database what the newest image says. One image after the other. */
  follow(): Promise<void> {
    const turn = this.#following.then(() => this.#applyNewest());
    this.#following = turn.catch(() => {});
    return turn;
  }

  async #applyNewest(): Promise<void> {
    const { store, registration, manager, onApplied } = this.#options;
    const { brokerEpoch } = registration;
    const image = await readImage(store);
    if (this.#appliedUnder !== brokerEpoch) manager.forget();
    await manager.apply(image);
    this.#appliedUnder = brokerEpoch;
    this.#image = image;
    onApplied(image);
  }
}
