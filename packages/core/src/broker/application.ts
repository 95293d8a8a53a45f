import type { TransactionalOutbox } from '../outbox/transactional-outbox.js';
import type { Database } from '../postgres/database.js';

/** A database in whose transactions records are published and consumed: what Postlog keeps there for that. */
export interface Application {
  readonly database: Database;
  readonly outbox: TransactionalOutbox;
}
