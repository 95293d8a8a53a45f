import type { EntityManagerHandle, TransactionHandle } from '@postlog/core';

/** Begins a transaction, calls `work` in it, commits when that resolves and rolls back when it rejects. */
export type RunInTransaction = (work: (transaction: TransactionHandle) => Promise<void>) => Promise<unknown>;

/** TypeORM's `DataSource`, as far as it is used here. */
export interface DataSourceHandle {
  transaction(work: (manager: EntityManagerHandle) => Promise<void>): Promise<unknown>;
}
