/**
 * A claim is a group's place in a partition, kept in the database in which its handlers' transactions run: the offset is committed with what they
 * wrote, or not at all.
 *
 * It does not know groups (who may claim is what the coordinator said), nor how a transaction is begun.
 *
 * D1  Of transactions that began at one mark, one commits.
 * D2  After a take-over nothing of the earlier owner commits.
 */
import { PostlogError } from '../errors/postlog-error.js';
import type { Database } from '../postgres/database.js';
import { isLockTimeout } from '../postgres/postgres-error.js';
import type { EnteredTransaction } from '../outbox/transactional-outbox.js';
import {
  commitClaim,
  commitClaimText,
  endClaimHolder,
  forgetMarks,
  takeOverClaim,
  type Claimant,
  type ClaimedPosition,
  type HeldClaim,
} from './claim.store.js';

/** Marks that are kept before old ones are deleted. */
const MARKS_KEPT = 1_000n;

export class Claim {
  readonly #database: Database;
  readonly #claimant: Claimant;
  readonly #onError: (error: unknown) => void;
  #held: HeldClaim | undefined;
  #forgottenUpTo = 0n;

  constructor(options: {
    readonly database: Database;
    readonly claimant: Claimant;
    readonly onError: (error: unknown) => void;
  }) {
    this.#database = options.database;
    this.#claimant = options.claimant;
    this.#onError = options.onError;
  }

  /**
   * Takes the claim, or looks at it again after a commit whose outcome is not known: no transaction that holds it is under way when this resolves.
   *
   * @throws PostlogError `FENCED_MEMBER_EPOCH` when the group gave the partition to somebody else since
   */
  async takeOver(): Promise<HeldClaim> {
    const { groupId, partitionId } = this.#claimant;
    const answer = await this.#insist();
    if (typeof answer === 'string') {
      throw new PostlogError(answer, `group ${groupId} has given partition ${partitionId} to another member since.`);
    }
    this.#held = answer;
    this.#tidy(answer);
    return answer;
  }

  /** What the next transaction begins at. */
  get mark(): bigint {
    return this.#demandHeld().mark;
  }

  /** The last statement of a transaction that somebody else commits. @throws PostlogError, or errors that ask for the transaction again */
  async commitIn(transaction: EnteredTransaction, to: ClaimedPosition): Promise<void> {
    await commitClaim(transaction, this.#database.schema, this.#demandHeld(), to);
  }

  /** The same as SQL text. */
  commitText(to: ClaimedPosition): string {
    return commitClaimText(this.#database.schema, this.#demandHeld(), to);
  }

  /** The transaction has committed. */
  committed(to: ClaimedPosition): void {
    const held = this.#demandHeld();
    this.#held = { ...held, ...to, mark: held.mark + 1n };
    if (this.#held.mark - this.#forgottenUpTo >= MARKS_KEPT) this.#tidy(this.#held);
  }

  /** Who holds the claim and does not let go for as long as `takeOver` waits was stopped in its commit: its session is ended. */
  async #insist() {
    const { groupId, partitionId } = this.#claimant;
    for (;;) {
      try {
        return await takeOverClaim(this.#database, this.#claimant);
      } catch (error) {
        if (!(error instanceof PostlogError) || !isLockTimeout(error.cause)) throw error;
        if (!(await endClaimHolder(this.#database, groupId, partitionId))) throw error;
      }
    }
  }

  #tidy(held: HeldClaim): void {
    this.#forgottenUpTo = held.mark;
    void forgetMarks(this.#database, held).catch(this.#onError);
  }

  #demandHeld(): HeldClaim {
    if (this.#held === undefined) throw new Error('the claim is not taken');
    return this.#held;
  }
}
