/**
 * A broker's place in its cluster: registers it, keeps its session and the time to which it may lead, takes it back into service after it was fenced.
 *
 * The order of a heartbeat is what makes it safe: the time is read on the broker's own database (so it answers), then the session in the metadata
 * store is renewed, then the database may lead until a while after that time. Whatever is late renews nothing that has passed. One that was silent for too
 * long is brought up to date in between (`beforeLeading`), for others may lead by now.
 */
import { PostlogError } from '../errors/postlog-error.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import type { Logger } from '../runtime/logger.js';
import type { BrokerDatabase, FoundIdentity } from './broker-database.js';
import { judgeRestart } from './broker-identity.js';
import {
  effectiveMinIsr,
  type BrokerId,
  type BrokerIdentity,
  type BrokerState,
  type RegisteredBroker,
} from './cluster-image.js';
import { readImage, updateBroker, updateTopic } from './cluster-metadata.js';
import { removeFromIsr } from './leader-election.js';

export interface BrokerRegistrationOptions {
  readonly brokerId: BrokerId;
  readonly rack: string | null;
  /** `host:port/database`, for people. */
  readonly address: string;
  readonly store: MetadataStore;
  readonly database: BrokerDatabase;
  readonly logger: Logger;
  /** Without a heartbeat for so long the controller fences the broker. */
  readonly sessionTimeoutMs: number;
  readonly replicaLagTimeMaxMs: number;
  /** Several brokers on one server: for development and specs, their copies share its fate. */
  readonly allowSharedServer: boolean;
  /**
   * The session was renewed, and the broker is about to lead on. Rejects when it must not: whoever was away for longer than its session may have been
   * deposed, and hears of that first.
   */
  readonly beforeLeading?: () => Promise<void>;
}

/** Of the session: the rest is for clocks that do not run at the same speed. */
export const LEAD_FOR = 0.9;

export const brokerLease = (brokerId: BrokerId) => `broker/${brokerId}`;

export class BrokerRegistration {
  readonly #options: BrokerRegistrationOptions;
  #brokerEpoch: number | undefined;
  /** Of the database, as of the last heartbeat: what it has must never be less. */
  #known: BrokerIdentity | undefined;

  constructor(options: BrokerRegistrationOptions) {
    this.#options = options;
  }

  /** Of this process's registration; undefined before it. */
  get brokerEpoch(): number | undefined {
    return this.#brokerEpoch;
  }

  /**
   * Registers the broker, fenced until `activate`. After an unclean restart it first leaves every set of in-sync replicas: its log may lack records that it
   * has acknowledged.
   *
   * @throws PostlogError `DUPLICATE_BROKER_REGISTRATION` when another broker lives on this server, or the database is another broker's.
   */
  async register(): Promise<void> {
    const { brokerId, rack, address, store, database, logger, replicaLagTimeMaxMs } = this.#options;
    const image = await readImage(store);
    const found = await database.identify(); // After what was recorded, which an older process of this broker may still do.
    this.#demandOwnServer(image.brokers, found.systemIdentifier);
    if (found.incarnation > 0 && found.brokerId !== brokerId) {
      throw new PostlogError(
        'DUPLICATE_BROKER_REGISTRATION',
        `this database belongs to broker ${found.brokerId}; start it with --id ${found.brokerId}, or give broker ${brokerId} an empty database.`,
      );
    }
    const recorded = image.brokers.get(brokerId)?.identity;
    const verdict = [recorded, this.#known].map((known) => judgeRestart(known, identityOf(found)));
    const incarnation = await database.raiseIncarnation(brokerId, replicaLagTimeMaxMs, recorded?.incarnation ?? 0);
    const unclean = verdict.find(({ kind }) => kind === 'unclean');
    if (unclean !== undefined) {
      logger.warn(`broker ${brokerId} restarts uncleanly and copies again what it may lack`, {
        reason: unclean.reason,
      });
      await this.#leaveEveryIsr();
    }
    const identity = { ...identityOf(found), incarnation };
    const registered = await updateBroker(store, brokerId, (current) => ({
      brokerId,
      rack,
      address,
      identity,
      brokerEpoch: (current?.brokerEpoch ?? 0) + 1,
      state: 'fenced',
    }));
    this.#known = identity;
    this.#brokerEpoch = registered?.brokerEpoch;
  }

  /**
   * Renews the session, then the time to which the broker may lead. Registers anew when the database turns out to be an older copy of itself.
   *
   * @throws PostlogError `STALE_BROKER_EPOCH` when another process has registered this broker since.
   */
  async heartbeat(): Promise<void> {
    const { brokerId, store, database, sessionTimeoutMs } = this.#options;
    const found = await database.identify();
    if (this.#known === undefined || judgeRestart(this.#known, identityOf(found)).kind === 'unclean') {
      await this.register();
      return;
    }
    const lease = { name: brokerLease(brokerId), holder: String(brokerId), ttlMs: sessionTimeoutMs };
    if ((await store.acquireLease(lease)) === undefined) {
      throw new PostlogError('BROKER_NOT_AVAILABLE', `the lease of broker ${brokerId} is held by somebody else.`);
    }
    await this.#options.beforeLeading?.();
    if (!(await database.leadUntil(found.now, sessionTimeoutMs * LEAD_FOR, this.#known.incarnation)))
      throw this.#superseded();
    this.#known = identityOf(found);
  }

  /** Into service, once the broker's database is what the metadata store says; answers whether it is in it now. */
  activate(): Promise<boolean> {
    return this.#become('active', (state) => state === 'fenced');
  }

  /** Out of service, in order: the controller gives its leaderships to others (rule D33). */
  drain(): Promise<boolean> {
    return this.#become('draining', (state) => state !== 'draining');
  }

  /** Writes down how far the database is, so that an older copy of it is told apart. */
  async recordProgress(): Promise<void> {
    const { brokerId, store } = this.#options;
    const known = this.#known;
    if (known === undefined) return;
    await updateBroker(store, brokerId, (current) =>
      this.#isOurs(current) && current.identity.flushedWal !== known.flushedWal
        ? { ...current, identity: known }
        : undefined,
    );
  }

  /** The end of an orderly stop: nobody needs to wait for the session to run out. */
  async resign(): Promise<void> {
    const { brokerId, store, database } = this.#options;
    const { now } = await database.identify();
    if (this.#known !== undefined) await database.leadUntil(now, 0, this.#known.incarnation);
    await this.recordProgress();
    await store.resignLease({ name: brokerLease(brokerId), holder: String(brokerId) });
  }

  async #become(state: BrokerState, mayFrom: (state: BrokerState) => boolean): Promise<boolean> {
    const updated = await updateBroker(this.#options.store, this.#options.brokerId, (current) => {
      if (!this.#isOurs(current)) throw this.#superseded();
      return mayFrom(current.state) ? { ...current, state } : undefined;
    });
    return updated?.state === state;
  }

  #isOurs(broker: RegisteredBroker | undefined): broker is RegisteredBroker {
    return broker !== undefined && broker.brokerEpoch === this.#brokerEpoch;
  }

  #superseded(): PostlogError {
    return new PostlogError(
      'STALE_BROKER_EPOCH',
      `another process has registered broker ${this.#options.brokerId}; run one process of a broker, or let the other one go on.`,
    );
  }

  async #leaveEveryIsr(): Promise<void> {
    const { store, brokerId } = this.#options;
    const { topics } = await readImage(store);
    for (const name of topics.keys()) {
      await updateTopic(store, name, (topic) => {
        const partitions = topic.partitions.map(
          (partition) =>
            removeFromIsr(partition, [brokerId], { minIsr: effectiveMinIsr(topic, partition), isUnclean: true }) ??
            partition,
        );
        return partitions.some((partition, index) => partition !== topic.partitions[index])
          ? { ...topic, partitions }
          : undefined;
      });
    }
  }

  #demandOwnServer(brokers: ReadonlyMap<BrokerId, RegisteredBroker>, systemIdentifier: string): void {
    const { brokerId, allowSharedServer, logger } = this.#options;
    const other = [...brokers.values()].find(
      (each) => each.brokerId !== brokerId && each.identity.systemIdentifier === systemIdentifier,
    );
    if (other === undefined) return;
    const problem = `broker ${other.brokerId} (${other.address}) lives on the same Postgres server`;
    if (!allowSharedServer) {
      throw new PostlogError(
        'DUPLICATE_BROKER_REGISTRATION',
        `${problem}: two copies there are lost together; give broker ${brokerId} a server of its own.`,
      );
    }
    logger.warn(`${problem}: what both hold is lost together`);
  }
}

/** What is written counts as flushed once a later commit is, which every caller makes before it says so. */
function identityOf({ systemIdentifier, timelineId, incarnation, writtenWal }: FoundIdentity): BrokerIdentity {
  return { systemIdentifier, timelineId, incarnation, flushedWal: writtenWal };
}
