import { PostlogError } from '../errors/postlog-error.js';
import type { EnteredTransaction } from '../outbox/transactional-outbox.js';
import type { Database } from '../postgres/database.js';
import { notInTransaction, type UserTransaction } from '../postgres/user-transaction.js';
import { DEFAULT_RETRY, retryDelay } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { cancelDelayed, cancelDelayedIn, delay, delayIn, type Delivery } from './delay.store.js';

export interface DelayedDeliveriesOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: () => number;
  /** A delivery is there, or is not any more, that is due before anybody would look by himself. */
  readonly onDueSoon: () => void;
  /** The same, as soon as a transaction has ended whose end cannot be seen from here. */
  readonly onUnseen: () => void;
}

/** Whoever moves what is due looks so often at least. */
export const LONGEST_LOOK_MS = 500;

/** One statement carries so much at most. */
const MOST_DELIVERIES = 500;
const MOST_BYTES = 4_194_304;

const REPEAT = { ...DEFAULT_RETRY, initialRetryTime: 20, maxRetryTime: 1_000 };

interface Waiting {
  readonly delivery: Delivery;
  readonly bytes: number;
  /** On the clock that never goes back. */
  readonly deadline: number;
  readonly resolve: (dueAt: number) => void;
  readonly reject: (error: unknown) => void;
}

/** What is sent now and delivered later: rows that wait in the database until they are due. */
export class DelayedDeliveries {
  readonly #options: DelayedDeliveriesOptions;
  /** In the order of the calls. What waits while a statement is on its way goes together with the next. */
  #line: Waiting[] = [];
  #isWriting = false;
  /** Transactions that are open, by connection. */
  readonly #open = new WeakMap<object, WatchedTransaction>();

  constructor(options: DelayedDeliveriesOptions) {
    this.#options = options;
  }

  /**
   * Writes a delivery, in the order of the calls, and answers when it is due, in milliseconds since 1970.
   *
   * What had no effect for certain is repeated until `timeoutMs` is over.
   *
   * @throws PostlogError; with `outcome: 'unknown'` it may be there, and `cancel` tells
   */
  write(delivery: Delivery, timeoutMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const bytes = delivery.rows.reduce((sum, { batch }) => sum + batch.length, 0);
      const deadline = this.#options.clock.monotonic() + timeoutMs;
      this.#line.push({ delivery, bytes, deadline, resolve, reject });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  /**
   * Writes a delivery in a user's transaction: it comes if that commits. A due time that passes before the commit means then.
   *
   * @throws PostlogError `INVALID_TXN_STATE`; errors of the database, which end the transaction
   */
  async writeIn(entered: EnteredTransaction, delivery: Delivery): Promise<number> {
    const { database, onUnseen } = this.#options;
    // Before the row is written: a commit that is queued behind it is seen.
    const watched = this.#watch(entered.transaction);
    const written = await delayIn(entered, database.schema, delivery);
    if (written === undefined) throw notInTransaction();
    if (watched !== undefined) watched.isDueIn(written.dueInMs);
    else if (written.dueInMs < LONGEST_LOOK_MS) onUnseen();
    return written.dueAt;
  }

  /** Withdraws a delivery; answers whether it was still to come. @throws PostlogError; it may be repeated */
  async cancel(id: string): Promise<boolean> {
    return cancelDelayed(this.#options.database, id);
  }

  /** The same as part of a user's transaction: until its end the delivery is held back, and comes if that is rolled back. */
  async cancelIn(entered: EnteredTransaction, id: string): Promise<boolean> {
    const wasToCome = await cancelDelayedIn(entered, this.#options.database.schema, id);
    if (wasToCome === undefined) throw notInTransaction();
    return wasToCome;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    for (let failures = 0; this.#line.length > 0;) {
      const batch = this.#take();
      try {
        const written = await delay(
          this.#options.database,
          batch.map(({ delivery }) => delivery),
        );
        failures = 0;
        for (const [index, { resolve }] of batch.entries()) resolve(written[index]!.dueAt);
        if (written.some(({ dueInMs }) => dueInMs < LONGEST_LOOK_MS)) this.#options.onDueSoon();
      } catch (error) {
        await this.#failed(batch, error, failures++);
      }
    }
    this.#isWriting = false;
  }

  #take(): Waiting[] {
    let bytes = 0;
    const end = this.#line.findIndex(
      (waiting, index) => index === MOST_DELIVERIES || ((bytes += waiting.bytes) > MOST_BYTES && index > 0),
    );
    return this.#line.splice(0, end < 0 ? this.#line.length : end);
  }

  /** What may be repeated, and still has time, goes back to the head of the line. */
  async #failed(batch: readonly Waiting[], error: unknown, failures: number): Promise<void> {
    const { clock, random } = this.#options;
    const isHarmless = error instanceof PostlogError && error.retriable && error.outcome === 'failed';
    const pauseMs = retryDelay(REPEAT, failures, random);
    const again = isHarmless ? batch.filter(({ deadline }) => deadline > clock.monotonic() + pauseMs) : [];
    for (const waiting of batch) if (!again.includes(waiting)) waiting.reject(withId(error, waiting.delivery));
    if (again.length === 0) return;
    this.#line = [...again, ...this.#line];
    await clock.sleep(pauseMs);
  }

  /** When the transaction has ended, what is due by then is looked for; undefined where the end cannot be seen. */
  #watch(transaction: UserTransaction): WatchedTransaction | undefined {
    const { connection } = transaction;
    if (connection === undefined) return undefined;
    const known = this.#open.get(connection);
    if (known !== undefined) return known;
    const watched = new WatchedTransaction(this.#options);
    const isSeen = transaction.onceEnded(() => {
      this.#open.delete(connection);
      watched.end();
    });
    if (!isSeen) return undefined;
    this.#open.set(connection, watched);
    return watched;
  }
}

/** A transaction in which deliveries were written: tells of them when it has ended, if the first of them is due soon then. */
class WatchedTransaction {
  readonly #options: Pick<DelayedDeliveriesOptions, 'clock' | 'onDueSoon'>;
  #firstDueAt = Infinity;
  #hasEnded = false;

  constructor(options: Pick<DelayedDeliveriesOptions, 'clock' | 'onDueSoon'>) {
    this.#options = options;
  }

  isDueIn(ms: number): void {
    this.#firstDueAt = Math.min(this.#firstDueAt, this.#options.clock.monotonic() + ms);
    if (this.#hasEnded) this.#tell();
  }

  end(): void {
    this.#hasEnded = true;
    this.#tell();
  }

  #tell(): void {
    if (this.#firstDueAt < this.#options.clock.monotonic() + LONGEST_LOOK_MS) this.#options.onDueSoon();
  }
}

/** Of an unknown outcome, the id is what helps. */
function withId(error: unknown, { id }: Delivery): unknown {
  if (!(error instanceof PostlogError) || error.outcome !== 'unknown') return error;
  const detail = `whether the delivery was kept is not known: producer.cancel('${id}') withdraws it and says whether it was; then send again`;
  return new PostlogError(error.code, `${detail} (${error.message}).`, { cause: error, outcome: 'unknown' });
}
