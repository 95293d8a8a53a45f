import type { TransactionHandle } from '../postgres/transaction-handle.js';
import type { Offset } from '../record/offset.js';
import type { AssignedPartition } from './assigned-partition.js';

/** What a call of a handler covers: records of one partition, as they were read. */
export interface HandledPart {
  readonly partition: AssignedPartition;
  /** Of the partition when the records were taken: a seek makes the call stale. */
  readonly generation: number;
  /** Of the last of the records. */
  readonly leaderEpoch: number;
}

/** Does what belongs to a part, and answers up to where everything is done; undefined: nothing is. */
export type PartWork<T> = (transaction: T) => Promise<Offset | undefined>;

/** Transactions in which handlers run, each of which commits how far the group is then. */
export interface HandlerTransactions {
  /**
   * Runs `work` in a transaction: what it does there and the offset that it answers become final together, or neither does.
   *
   * @throws whatever `work` does; PostlogError `FENCED_MEMBER_EPOCH` when the partition has another owner by now
   */
  run(part: HandledPart, work: PartWork<TransactionHandle>): Promise<void>;
}

/** Runs `work`, in a transaction where there are some; everything before the offset that it answers is done then. */
export async function settle(
  transactions: HandlerTransactions | undefined,
  part: HandledPart,
  work: PartWork<TransactionHandle | undefined>,
): Promise<void> {
  if (transactions !== undefined) return transactions.run(part, work);
  const next = await work(undefined);
  if (next !== undefined) part.partition.resolve(next, part.generation, part.leaderEpoch);
}
