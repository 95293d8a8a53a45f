import { DelayedDeliveries } from '../delivery/delayed-deliveries.js';
import { unsequenced } from '../outbox/outbox.store.js';
import { OwnPublications } from '../outbox/own-publications.js';
import { TransactionalOutbox } from '../outbox/transactional-outbox.js';
import type { SequencerOptions } from '../outbox/sequencer.js';
import type { Database } from '../postgres/database.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { Loop } from '../runtime/run-loop.js';
import { startDelayService, type DelayService } from './delay-service.js';
import type { ServiceContext } from './leased-service.js';
import { startOutboxService, type OutboxService } from './outbox-service.js';
import { DELAYED_EXPECTED_KEY, DELAYED_KEY, OUTBOX_EXPECTED_KEY, OUTBOX_KEY } from './wake-up.js';

export interface ApplicationOptions {
  /** Null for a broker's own database. */
  readonly name: string | null;
  readonly database: Database;
  /** As `registerOutbox` and `bindOutbox` answer it. */
  readonly place: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Tells other processes that something happened to the outbox, or to delayed deliveries. */
  readonly announce: (key: string) => void;
}

/** A database in whose transactions records are published and consumed: what Postlog keeps there for that. */
export class Application {
  readonly name: string | null;
  readonly database: Database;
  /** As `RegisteredDatabases` tells databases apart. */
  readonly place: string;
  readonly outbox: TransactionalOutbox;
  readonly delays: DelayedDeliveries;
  /** What this process published here and is perhaps not in the log yet. */
  readonly own: OwnPublications;
  readonly #announce: (key: string) => void;
  #sequencing: OutboxService | undefined;
  #delaying: DelayService | undefined;

  constructor({ name, database, place, clock, random, announce }: ApplicationOptions) {
    this.name = name;
    this.place = place;
    this.database = database;
    this.#announce = announce;
    this.own = new OwnPublications({
      clock,
      random: random.next,
      unsequenced: (xids, partitionIds) => unsequenced(database, xids, partitionIds),
    });
    this.outbox = new TransactionalOutbox({
      own: this.own,
      schema: database.schema,
      onEnded: () => this.#tell(OUTBOX_KEY, this.#sequencing),
      onUnseen: () => this.#tell(OUTBOX_EXPECTED_KEY, this.#sequencing),
    });
    this.delays = new DelayedDeliveries({
      database,
      clock,
      random: random.next,
      onDueSoon: () => this.#tell(DELAYED_KEY, this.#delaying),
      onUnseen: () => this.#tell(DELAYED_EXPECTED_KEY, this.#delaying),
    });
  }

  /** Sequences the outbox, and moves to it what is due, if no other process does. */
  startServices(context: ServiceContext & Pick<SequencerOptions, 'log' | 'onAppended' | 'onDropped'>): Loop[] {
    const shared = { ...context, database: this.database };
    this.#sequencing = startOutboxService(shared);
    this.#delaying = startDelayService({ ...shared, onReleased: () => this.#tell(OUTBOX_KEY, this.#sequencing) });
    return [this.#delaying, this.#sequencing];
  }

  /** Another process says that something happened; false: to nothing of this. */
  hear(key: string): boolean {
    if (key === OUTBOX_KEY) this.#sequencing?.wake();
    else if (key === OUTBOX_EXPECTED_KEY) this.#sequencing?.expect();
    else if (key === DELAYED_KEY) this.#delaying?.wake();
    else if (key === DELAYED_EXPECTED_KEY) this.#delaying?.expect();
    else return false;
    return true;
  }

  /** Something may have happened. */
  wake(): void {
    this.#sequencing?.wake();
    this.#delaying?.wake();
  }

  /** Whether other processes are heard; after a change something may have happened. */
  setLive(isLive: boolean): void {
    this.#delaying?.setLive(isLive);
    this.wake();
  }

  /** The service is active here, or in another process. */
  #tell(key: string, service: OutboxService | DelayService | undefined): void {
    if (service?.isActive === true) this.hear(key);
    else this.#announce(key);
  }
}
