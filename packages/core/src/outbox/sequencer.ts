/**
 * The outbox is where records wait that were published inside users' transactions, and the sequencer is who appends them to the log, after
 * the commit, once.
 *
 * It does not know users' connections (that is `publish.ts`), nor who holds the lease (that is `broker/outbox-service.ts`).
 *
 * O1  A row is appended if and only if its transaction committed, and once: the mark moves in the call that appends.
 * O2  Transactions are appended in the order of their highest row id, their records by id. If one committed before another wrote its
 *     last record, it comes first.
 * O3  Nobody waits for a transaction that is still open: what is visible now and was not with the last mark is what is appended.
 */
import type { Database } from '../postgres/database.js';
import { composeBatches, type ComposedBatch, type ReadRow } from './compose-batches.js';
import { pageEnd, type OutboxPlan, type PlannedRow } from './outbox-plan.js';
import { readBatches, readOutbox, type NextMark, type SequencedBatch, type SequencerFence } from './outbox.store.js';

/** The way of composed batches into a log. */
export interface SequencedLog {
  /** This process has become the sequencer: what its predecessor left undone comes first. */
  takeOver?(): Promise<void>;
  /** Takes the rounds and moves the mark, both or neither; undefined when another sequencer was here, and nothing happened. */
  append(
    fence: SequencerFence,
    next: NextMark,
    rounds: readonly (readonly ComposedBatch[])[],
  ): Promise<readonly SequencedBatch[] | undefined>;
}

export interface SequencerOptions {
  readonly database: Database;
  readonly log: SequencedLog;
  /** Records of these partitions are in the log. */
  readonly onAppended: (partitionIds: readonly number[]) => void;
  /** Records were for partitions that do not exist any more. */
  readonly onDropped: (partitionIds: readonly number[]) => void;
  /** Of one append. */
  readonly limits?: { readonly maxRows: number; readonly maxBytes: number };
  /** Most rows that are planned, and kept in memory without their records, at a time. */
  readonly maxPlannedRows?: number;
}

/** `fenced`: somebody else is the sequencer, or was in between. */
export type SequencerStep = 'idle' | 'appended' | 'fenced';

const DEFAULT_LIMITS = { maxRows: 5_000, maxBytes: 2_097_152 };
const DEFAULT_PLANNED_ROWS = 200_000;

export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #limits: { readonly maxRows: number; readonly maxBytes: number };
  /** A window under way: planned once, appended page by page. It is only a memory of what the database says. */
  #plan: { readonly outbox: OutboxPlan; readonly next: number; readonly mark: bigint } | undefined;

  /** How many rows the last step took. */
  rowsOfPage = 0;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
  }

  /** To be called once with each new lease. @throws PostlogError */
  async takeOver(): Promise<void> {
    this.#plan = undefined;
    await this.#options.log.takeOver?.();
  }

  /**
   * Appends one page of what was committed. Whatever it throws, nothing is lost and nothing is appended twice: the next step looks anew.
   *
   * @throws PostlogError
   */
  async step(leaseEpoch: bigint): Promise<SequencerStep> {
    const plan = this.#plan ?? (await this.#makePlan());
    this.#plan = undefined;
    const { outbox, next, mark } = plan;
    if (outbox.rows.length === 0 && !outbox.isUnderWay) return 'idle';

    const end = pageEnd(outbox.rows, next, this.#limits);
    this.rowsOfPage = end - next;
    const page = await this.#readPage(outbox.rows.slice(next, end));
    const isLast = end === outbox.rows.length;
    const rounds = await composeBatches(page);
    const answers = await this.#options.log.append({ leaseEpoch, mark }, markAfter(outbox, end), rounds);
    if (answers === undefined) return 'fenced';
    if (!isLast) this.#plan = { outbox, next: end, mark: mark + 1n };
    this.#tell(answers);
    return 'appended';
  }

  /** A window was begun, and its next page can be appended. */
  get isUnderWay(): boolean {
    return this.#plan !== undefined;
  }

  /** Moves the mark on although there is nothing to append, so that what was rolled back is not looked at again and slots can be emptied. */
  async moveOn(leaseEpoch: bigint): Promise<void> {
    if (this.#plan !== undefined) return;
    const { outbox, mark } = await this.#makePlan();
    if (outbox.rows.length === 0) await this.#options.log.append({ leaseEpoch, mark }, markAfter(outbox, 0), []);
  }

  async #makePlan() {
    const { database, maxPlannedRows = DEFAULT_PLANNED_ROWS } = this.#options;
    const outbox = await readOutbox(database, { maxRows: maxPlannedRows, maxBytes: this.#limits.maxBytes });
    return { outbox, next: 0, mark: outbox.mark };
  }

  async #readPage(rows: readonly PlannedRow[]): Promise<ReadRow[]> {
    const missing = rows.filter(({ batch }) => batch === undefined);
    const read = missing.length === 0 ? undefined : await readBatches(this.#options.database, missing);
    return rows.map((row) => {
      const batch = row.batch ?? read?.get(row.id);
      if (batch === undefined) throw new Error(`row ${row.id} of the outbox is not there any more`);
      return { ...row, batch };
    });
  }

  #tell(answers: readonly { readonly partitionId: number; readonly error: unknown }[]): void {
    const partitionsWhere = (isAppended: boolean) => [
      ...new Set(
        answers.filter(({ error }) => (error === undefined) === isAppended).map(({ partitionId }) => partitionId),
      ),
    ];
    this.#options.onAppended(partitionsWhere(true));
    const dropped = partitionsWhere(false);
    if (dropped.length > 0) this.#options.onDropped(dropped);
  }
}

function markAfter({ rows, isWhole, sequenced, windowSnapshot }: OutboxPlan, end: number): NextMark {
  if (end === rows.length && isWhole) {
    return { sequenced: windowSnapshot, windowSnapshot: null, doneTransaction: 0, doneId: 0 };
  }
  const last = rows[end - 1]!;
  return { sequenced, windowSnapshot, doneTransaction: last.lastId, doneId: last.id };
}
