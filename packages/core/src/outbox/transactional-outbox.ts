import { PostlogError } from '../errors/postlog-error.js';
import { notInTransaction, userTransaction, type UserTransaction } from '../postgres/user-transaction.js';
import { probe, publish, type OutboxRow } from './publish.store.js';

export interface TransactionalOutboxOptions {
  readonly schema: string;
  /** As `registerOutbox` answered. */
  readonly place: string;
  readonly uniqueName: (prefix: string) => string;
  /** A transaction that published has ended, and perhaps with a commit. */
  readonly onEnded: () => void;
  /** Something was published whose commit cannot be seen from here. */
  readonly onUnseen: () => void;
}

/** A transaction of this database that is open. */
export interface EnteredTransaction {
  readonly transaction: UserTransaction;
  /** Proves that a later statement is part of it; null where that is known without. */
  readonly trace: string | null;
}

/** Where records wait that are published inside users' transactions of one database. */
export class TransactionalOutbox {
  readonly #options: TransactionalOutboxOptions;
  readonly #knownConnections = new WeakSet<object>();

  constructor(options: TransactionalOutboxOptions) {
    this.#options = options;
  }

  /**
   * Writes rows in the user's transaction: they are appended after its commit, and never if it is rolled back. No lock is taken that
   * others wait for.
   *
   * A `pg` client that is idle in a transaction costs one round trip. Otherwise (its queries are queued, so nobody knows what comes first; or
   * nothing is known of the handle) a second one leaves a trace in the transaction, without which nothing is written.
   *
   * @throws PostlogError `INVALID_TXN_STATE`, `UNREGISTERED_DATABASE`; errors of the database, which end the transaction
   */
  async publish(handle: unknown, rows: readonly OutboxRow[]): Promise<void> {
    const { schema, onEnded, onUnseen } = this.#options;
    const { transaction, trace } = await this.enter(handle);
    // Before the rows are written: a commit that is queued behind them is seen.
    const isSeen = transaction.onceEnded(onEnded);
    if (!(await publish(transaction, schema, rows, trace))) throw notInTransaction();
    if (!isSeen) onUnseen();
  }

  /**
   * Demands an open transaction of this database.
   *
   * @throws PostlogError `INVALID_TXN_STATE`, `UNREGISTERED_DATABASE`
   */
  async enter(handle: unknown): Promise<EnteredTransaction> {
    const transaction = await userTransaction(handle);
    const isKnown = transaction.connection !== undefined && this.#knownConnections.has(transaction.connection);
    const trace = isKnown && transaction.isOpenForSure ? null : await this.#trace(transaction);
    return { transaction, trace };
  }

  /** Demands that the connection is of this database; answers the trace that its transaction carries now. */
  async #trace(transaction: UserTransaction): Promise<string> {
    const { schema, place, uniqueName } = this.#options;
    const trace = uniqueName('t');
    const found = await probe(transaction, schema, trace);
    if (found.place !== place || !found.hasOutbox) {
      throw new PostlogError(
        'UNREGISTERED_DATABASE',
        'the transaction is of another database than the one that connect() was given as url; publish in a transaction of that one, ' +
          'or send without a transaction, after the commit.',
      );
    }
    if (transaction.connection !== undefined) this.#knownConnections.add(transaction.connection);
    return trace;
  }
}
