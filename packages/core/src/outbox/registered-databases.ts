import { PostlogError } from '../errors/postlog-error.js';
import { userTransaction, type UserTransaction } from '../postgres/user-transaction.js';
import { probe } from './publish.store.js';
import type { EnteredTransaction } from './transactional-outbox.js';

export interface RegisteredDatabasesOptions<T> {
  readonly schema: string;
  readonly uniqueName: (prefix: string) => string;
  /** By where they are, as `registerOutbox` and `bindOutbox` answer it. */
  readonly databases: ReadonlyMap<string, T>;
}

/** Knows of a user's transaction in which of several databases it is. */
export class RegisteredDatabases<T> {
  readonly #options: RegisteredDatabasesOptions<T>;
  readonly #known = new WeakMap<object, T>();

  constructor(options: RegisteredDatabasesOptions<T>) {
    this.#options = options;
  }

  /**
   * Demands an open transaction of one of the databases, and answers which.
   *
   * A `pg` client that is idle in a transaction, and known from before, costs nothing. Otherwise (its queries are queued, so nobody knows what comes first; or
   * nothing is known of the handle) a round trip leaves a trace in the transaction, which later statements demand.
   *
   * @throws PostlogError `INVALID_TXN_STATE`, `UNREGISTERED_DATABASE`
   */
  async enter(handle: unknown): Promise<EnteredTransaction & { readonly database: T }> {
    const transaction = await userTransaction(handle);
    const { connection } = transaction;
    const known = connection === undefined ? undefined : this.#known.get(connection);
    if (known !== undefined && transaction.isOpenForSure) return { transaction, trace: null, database: known };
    const entered = await this.#probe(transaction);
    if (connection !== undefined) this.#known.set(connection, entered.database);
    return { transaction, ...entered };
  }

  async #probe(transaction: UserTransaction): Promise<{ readonly trace: string; readonly database: T }> {
    const { schema, uniqueName, databases } = this.#options;
    const trace = uniqueName('t');
    const { place, hasOutbox } = await probe(transaction, schema, trace);
    const database = hasOutbox ? databases.get(place) : undefined;
    if (database !== undefined) return { trace, database };
    throw new PostlogError(
      'UNREGISTERED_DATABASE',
      'the transaction is of a database that connect() was not told of; name it in connect({ applications }) (with one broker its own is known by itself), ' +
        'or send without a transaction, after the commit.',
    );
  }
}
