import type { Application } from '../broker/application.js';
import { Claim } from '../delivery/claim.js';
import { PostlogError } from '../errors/postlog-error.js';
import { mustBeRepeated, toPostlogError } from '../postgres/postgres-error.js';
import type { TransactionHandle } from '../postgres/transaction-handle.js';
import type { TransactionPool } from '../postgres/transaction-pool.js';
import type { Offset } from '../record/offset.js';
import { DEFAULT_RETRY, retryDelay, type ResolvedRetry } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { Applications, ApplicationTransaction } from './applications.js';
import type { AssignedPartition } from './assigned-partition.js';
import type { HandledUpTo } from './left-behind.js';
import type { HandledPart, HandlerTransactions, PartWork } from './settlement.js';

export interface ClaimedTransactionsOptions {
  readonly applications: Applications;
  /** Where the claims are. */
  readonly application: Application;
  readonly groupId: string;
  readonly memberId: () => string;
  /** Begins and ends transactions of the user's own; undefined: on connections of ours, so many at a time. */
  readonly runInTransaction: ((work: (transaction: unknown) => Promise<void>) => Promise<unknown>) | undefined;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** The consumer is told to stop: nobody waits for a database any more. */
  readonly isStopping: () => boolean;
  /** The partition has another owner. */
  readonly onFenced: (partition: AssignedPartition) => void;
}

/** Deadlocks and serialization failures are nobody's fault: the call is repeated so often before it counts as failed. */
const MOST_REPEATS = 10;
const REPEAT = { ...DEFAULT_RETRY, initialRetryTime: 5, maxRetryTime: 500, factor: 0.8 };
const OUTAGE = { ...DEFAULT_RETRY, maxRetryTime: 1_000 };

/** A call that left nothing resolved: its transaction is rolled back. */
const NOTHING_DONE = new Error('nothing was resolved');

/** One call of a handler, and what it threw. */
interface Call {
  readonly part: HandledPart;
  readonly work: PartWork<TransactionHandle>;
  error: unknown;
}

/** One transaction for each call of a handler, whose last statement commits how far the group is. */
export class ClaimedTransactions implements HandlerTransactions {
  readonly #options: ClaimedTransactionsOptions;
  readonly #pool: TransactionPool | undefined;
  readonly #claims = new WeakMap<AssignedPartition, Claim>();
  /** Where a commit may or may not have happened. */
  readonly #uncertain = new WeakSet<Claim>();
  /** Where groups began that had committed nothing. */
  readonly #beginnings = new WeakMap<Claim, Offset>();

  constructor(options: ClaimedTransactionsOptions) {
    const { application, runInTransaction, concurrency } = options;
    this.#options = options;
    this.#pool = runInTransaction === undefined ? application.database.openTransactions(concurrency) : undefined;
  }

  /** Takes the partition's claim: where its group goes on, or null where it has not begun. @throws PostlogError */
  async begin(partition: AssignedPartition): Promise<HandledUpTo | null> {
    const { application, groupId, memberId, logger } = this.#options;
    const { partitionId, ownerEpoch, resetEpoch, committedOffset, committedLeaderEpoch } = partition;
    const position = { committedOffset, leaderEpoch: committedLeaderEpoch, resetEpoch };
    const claim = new Claim({
      database: application.database,
      claimant: { groupId, partitionId, memberId: memberId(), ownerEpoch, ...position },
      onError: (error) => logger.debug('marks of a claim stay for now', { reason: String(error) }),
    });
    const { nextOffset, leaderEpoch } = await this.#unlessFenced(partition, claim.takeOver());
    this.#claims.set(partition, claim);
    return nextOffset === null ? null : { offset: nextOffset, leaderEpoch };
  }

  async run(part: HandledPart, work: PartWork<TransactionHandle>): Promise<void> {
    const claim = this.#claims.get(part.partition);
    if (claim === undefined) throw new Error('the partition is not claimed');
    const begun = part.partition.resolvedOffset;
    if (begun !== null && !this.#beginnings.has(claim)) this.#beginnings.set(claim, begun);
    for (let repeats = 0, outages = 0; ;) {
      if (await this.#isSettled(claim, part)) return;
      const call: Call = { part, work, error: undefined };
      try {
        return await this.#unlessFenced(part.partition, this.#attempt(claim, call));
      } catch (error) {
        if (error === NOTHING_DONE) return;
        if (await this.#isSettled(claim, part)) return;
        if (isFenced(error) || this.#isOver(part)) throw error;
        // Neither what two transactions did to each other nor a database that is away is the handler's failure.
        if (isRepeated(error) && repeats < MOST_REPEATS) await this.#rest(REPEAT, repeats++);
        else if (call.error === undefined && isOutage(error)) await this.#outage(error, outages++);
        else throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  async #attempt(claim: Claim, call: Call): Promise<void> {
    const { part, work } = call;
    let done: Offset | undefined;
    let failure: unknown;
    const handle = async (transaction: unknown) => {
      const next = await work(transaction as TransactionHandle).catch((error: unknown) => {
        call.error = error;
        throw error;
      });
      if (next === undefined) throw NOTHING_DONE;
      done = next;
      this.#uncertain.add(claim);
      return { nextOffset: next, leaderEpoch: part.leaderEpoch };
    };
    if (this.#pool !== undefined) {
      await this.#pool.run(async (client) => claim.commitText(await handle(client)));
    } else {
      await this.#options.runInTransaction!(async (transaction) => {
        try {
          await this.#enter(transaction); // What is no transaction of this database ends before its handler runs.
          const to = await handle(transaction);
          await claim.commitIn(await this.#enter(transaction), to);
        } catch (error) {
          failure = error;
          throw error;
        }
      });
    }
    if (failure !== undefined) throw failure; // Whatever runInTransaction made of it.
    if (done === undefined) throw new PostlogError('INVALID_CONFIG', 'runInTransaction never called its work.');
    claim.committed({ nextOffset: done, leaderEpoch: part.leaderEpoch });
    this.#uncertain.delete(claim);
    part.partition.resolve(done, part.generation, part.leaderEpoch);
  }

  async #enter(handle: unknown): Promise<ApplicationTransaction> {
    const { applications, application } = this.#options;
    const entered = await applications.enter(handle);
    if (entered.application === application) return entered;
    throw new PostlogError(
      'UNREGISTERED_DATABASE',
      `runInTransaction began a transaction of ${entered.application.name ?? "the broker's database"}, and the run is of ${application.name ?? "the broker's database"}; make them one.`,
    );
  }

  /** After a commit that may have happened, once its database says so: whether it has. */
  async #isSettled(claim: Claim, part: HandledPart): Promise<boolean> {
    for (let outages = 0; this.#uncertain.has(claim); outages++) {
      try {
        if (await this.#lookAgain(claim, part)) return true;
      } catch (error) {
        if (isFenced(error) || this.#isOver(part) || !isOutage(error)) throw error;
        await this.#outage(error, outages);
      }
    }
    return false;
  }

  #isOver({ partition }: HandledPart): boolean {
    return partition.isReleased || this.#options.isStopping();
  }

  async #outage(error: unknown, outages: number): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    if (outages === 0)
      this.#options.logger.warn('the database of a handler does not answer; it is tried again', { reason });
    await this.#rest(OUTAGE, outages);
  }

  #rest(pace: ResolvedRetry, attempt: number): Promise<void> {
    const { clock, random } = this.#options;
    return clock.sleep(retryDelay(pace, attempt, random));
  }

  /** After a commit that may have happened: true when the call is settled, be it that the group is elsewhere by now. */
  async #lookAgain(claim: Claim, part: HandledPart): Promise<boolean> {
    const { partition, generation, leaderEpoch } = part;
    const before = claim.mark;
    const held = await this.#unlessFenced(partition, claim.takeOver());
    this.#uncertain.delete(claim);
    if (held.mark === before) return false;
    const goOn = held.nextOffset ?? this.#beginnings.get(claim)!;
    const resolved = partition.resolvedOffset;
    if (resolved !== null && goOn >= resolved) {
      partition.resolve(goOn, generation, leaderEpoch);
    } else {
      const { topic, partition: number } = partition;
      const detail = { topic, partition: number, offset: String(goOn) };
      this.#options.logger.warn(
        'a transaction that had ended well is not committed; its records are handled again',
        detail,
      );
      partition.seek(goOn);
    }
    return true;
  }

  async #unlessFenced<T>(partition: AssignedPartition, step: Promise<T>): Promise<T> {
    try {
      return await step;
    } catch (error) {
      if (isFenced(error)) this.#options.onFenced(partition);
      throw error;
    }
  }
}

function isFenced(error: unknown): boolean {
  return error instanceof PostlogError
    ? error.code === 'FENCED_MEMBER_EPOCH'
    : typeof error === 'object' && error !== null && 'code' in error && error.code === 'PL006';
}

/** It may work again by itself: not for what the database refuses. */
function isOutage(error: unknown): boolean {
  return toPostlogError(error, { sent: true }).retriable;
}

function isRepeated(error: unknown): boolean {
  const driverError = typeof error === 'object' && error !== null && 'driverError' in error ? error.driverError : null;
  return mustBeRepeated(error) || mustBeRepeated(driverError);
}
