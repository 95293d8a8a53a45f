/** A row of the outbox that is to be appended. */
export interface PlannedRow {
  readonly id: number;
  readonly slot: number;
  readonly xid: bigint;
  /** The highest id of its transaction: transactions are appended in this order. */
  readonly lastId: number;
  readonly partitionId: number;
  readonly recordCount: number;
  readonly maxBatchBytes: number;
  readonly size: number;
  /** Undefined while it is not read. */
  readonly batch: Buffer | undefined;
}

/** Rows of one window in their order: transactions by their highest id, records by id. */
export interface OutboxPlan {
  /** The number of the mark that this follows on. */
  readonly mark: bigint;
  /** Earlier pages of the window are in the log. */
  readonly isUnderWay: boolean;
  /** What the log holds already. */
  readonly sequenced: string;
  /** What it will hold when the window is done. */
  readonly windowSnapshot: string;
  readonly rows: readonly PlannedRow[];
  /** No further rows belong to the window. */
  readonly isWhole: boolean;
}

interface PageLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
}

/**
 * Where the page that begins at `start` ends: as many whole transactions as the limits allow. One that is over the limits by itself is cut
 * between rows; its next page goes on with it, so order and completeness do not depend on the cut.
 */
export function pageEnd(rows: readonly PlannedRow[], start: number, { maxRows, maxBytes }: PageLimits): number {
  let bytes = 0;
  let wholeEnd = start;
  for (let index = start; index < rows.length; index++) {
    const row = rows[index]!;
    const isFirstOfTransaction = index > start && rows[index - 1]!.lastId !== row.lastId;
    if (isFirstOfTransaction) wholeEnd = index;
    bytes += row.size;
    if (index > start && (bytes > maxBytes || index - start >= maxRows)) return wholeEnd > start ? wholeEnd : index;
  }
  return rows.length;
}
