import { notInTransaction, type UserTransaction } from '../postgres/user-transaction.js';
import type { OwnPublications } from './own-publications.js';
import { publish, type OutboxRow } from './publish.store.js';

/** A transaction that is open, of the outbox's database. */
export interface EnteredTransaction {
  readonly transaction: UserTransaction;
  /** Proves that a later statement is part of it; null where that is known without. */
  readonly trace: string | null;
}

export interface TransactionalOutboxOptions {
  readonly schema: string;
  /** A transaction that published has ended, and perhaps with a commit. */
  readonly onEnded: () => void;
  /** Something was published whose commit cannot be seen from here. */
  readonly onUnseen: () => void;
  readonly own: OwnPublications;
}

/** Where records wait that are published inside users' transactions of one database. */
export class TransactionalOutbox {
  readonly #options: TransactionalOutboxOptions;

  constructor(options: TransactionalOutboxOptions) {
    this.#options = options;
  }

  /**
   * Writes rows in the user's transaction: they are appended after its commit, and never if it is rolled back. No lock is taken that
   * others wait for.
   *
   * @throws PostlogError `INVALID_TXN_STATE`; errors of the database, which end the transaction
   */
  async publish({ transaction, trace }: EnteredTransaction, rows: readonly OutboxRow[]): Promise<void> {
    const { schema, onEnded, onUnseen, own } = this.#options;
    let xid: string | undefined;
    // Before the rows are written: a commit that is queued behind them is seen.
    const isSeen = transaction.onceEnded(onEnded);
    const partitionIds = [...new Set(rows.map(({ partitionId }) => partitionId))];
    if (isSeen) transaction.onceEnded(() => xid !== undefined && own.ended(xid, partitionIds));
    xid = await publish(transaction, schema, rows, trace);
    if (xid === undefined) throw notInTransaction();
    if (!isSeen) onUnseen();
  }
}
