import { TransactionalOutbox } from '../outbox/transactional-outbox.js';
import type { SequencerOptions } from '../outbox/sequencer.js';
import type { Database } from '../postgres/database.js';
import type { ServiceContext } from './leased-service.js';
import { startOutboxService, type OutboxService } from './outbox-service.js';
import { OUTBOX_EXPECTED_KEY, OUTBOX_KEY } from './wake-up.js';

export interface ApplicationOptions {
  /** Null for a broker's own database. */
  readonly name: string | null;
  readonly database: Database;
  /** As `registerOutbox` and `bindOutbox` answer it. */
  readonly place: string;
  /** Tells other processes that something happened to the outbox. */
  readonly announce: (key: string) => void;
}

/** A database in whose transactions records are published and consumed: what Postlog keeps there for that. */
export class Application {
  readonly name: string | null;
  readonly database: Database;
  /** As `RegisteredDatabases` tells databases apart. */
  readonly place: string;
  readonly outbox: TransactionalOutbox;
  readonly #announce: (key: string) => void;
  #service: OutboxService | undefined;

  constructor({ name, database, place, announce }: ApplicationOptions) {
    this.name = name;
    this.place = place;
    this.database = database;
    this.#announce = announce;
    this.outbox = new TransactionalOutbox({
      schema: database.schema,
      onEnded: () => this.#wake(OUTBOX_KEY),
      onUnseen: () => this.#wake(OUTBOX_EXPECTED_KEY),
    });
  }

  /** Sequences the outbox, if no other process does. */
  startService(context: ServiceContext & Pick<SequencerOptions, 'log' | 'onAppended' | 'onDropped'>): OutboxService {
    this.#service = startOutboxService({ ...context, database: this.database });
    return this.#service;
  }

  /** Another process says that something happened; false: not to the outbox. */
  hear(key: string): boolean {
    if (key === OUTBOX_KEY) this.#service?.wake();
    else if (key === OUTBOX_EXPECTED_KEY) this.#service?.expect();
    else return false;
    return true;
  }

  /** The sequencer is here, or in another process. */
  #wake(key: string): void {
    if (this.#service?.isActive === true) this.hear(key);
    else this.#announce(key);
  }
}
