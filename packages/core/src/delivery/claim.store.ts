import { errorCodeOf, type ErrorCode } from '../errors/error-code.js';
import type { Database } from '../postgres/database.js';
import { inSchema, type Statement } from '../postgres/statement.js';
import type { EnteredTransaction } from '../outbox/transactional-outbox.js';
import { offset, type Offset } from '../record/offset.js';

/** A member of a group, and the partition that the group gave it. */
export interface Claimant {
  readonly groupId: string;
  readonly partitionId: number;
  readonly memberId: string;
  /** Under which the group gave it the partition. */
  readonly ownerEpoch: number;
  /** Where the group goes on by its committed offset, and since when that counts. */
  readonly resetEpoch: number;
  readonly committedOffset: Offset | null;
  readonly leaderEpoch: number;
}

/** A claim as its holder has it. */
export interface HeldClaim {
  readonly claimId: number;
  readonly claimEpoch: number;
  readonly mark: bigint;
  /** Null: the group has not begun. */
  readonly nextOffset: Offset | null;
  readonly leaderEpoch: number;
}

/** Where a transaction leaves the group. */
export interface ClaimedPosition {
  readonly nextOffset: Offset;
  readonly leaderEpoch: number;
}

const TAKE_OVER: Statement = {
  name: 'take_over_claim',
  text: /* sql */ `select * from postlog.take_over_claim_v1($1, $2, $3, $4, $5, $6, $7)`,
};

const END_HOLDER: Statement = {
  name: 'end_claim_holder',
  text: /* sql */ `select postlog.end_claim_holder_v1($1, $2) as is_ended`,
};

const FORGET_MARKS: Statement = {
  name: 'forget_claim_marks',
  text: /* sql */ `delete from postlog.claimed_offset where claim_id = $1 and mark < $2`,
};

const COMMIT = /* sql */ `select postlog.commit_claim_v1($1, $2, $3, $4, $5)`;
const COMMIT_TRACED = /* sql */ `select postlog.commit_claim_v1($1, $2, $3, $4, $5, $6)`;

interface TakenOver {
  readonly error_code: number;
  readonly claim_id: number;
  readonly claim_epoch: number;
  readonly mark: bigint;
  readonly next_offset: bigint | null;
  readonly leader_epoch: number;
}

/** Answers why it was refused, where it was. @throws PostlogError; one with an `isLockTimeout` cause: a transaction is being committed */
export async function takeOverClaim(database: Database, claimant: Claimant): Promise<HeldClaim | ErrorCode> {
  const row = await database.one<TakenOver>(TAKE_OVER, [
    claimant.groupId,
    claimant.partitionId,
    claimant.memberId,
    claimant.ownerEpoch,
    claimant.resetEpoch,
    claimant.committedOffset,
    claimant.leaderEpoch,
  ]);
  if (row.error_code !== 0) return errorCodeOf(row.error_code);
  return {
    claimId: row.claim_id,
    claimEpoch: row.claim_epoch,
    mark: row.mark,
    nextOffset: row.next_offset === null ? null : offset(row.next_offset),
    leaderEpoch: row.leader_epoch,
  };
}

/** Ends the session whose transaction stands in the way of a take-over; false when there is none any more. */
export async function endClaimHolder(database: Database, groupId: string, partitionId: number): Promise<boolean> {
  return (await database.one<{ is_ended: boolean }>(END_HOLDER, [groupId, partitionId])).is_ended;
}

/** Deletes marks that are not the newest any more. */
export async function forgetMarks(database: Database, { claimId, mark }: HeldClaim): Promise<void> {
  await database.query(FORGET_MARKS, [claimId, mark]);
}

/** The last statement of a transaction of somebody else's. @throws PostlogError, or errors that ask for the transaction again */
export async function commitClaim(
  { transaction, trace }: EnteredTransaction,
  schema: string,
  held: HeldClaim,
  to: ClaimedPosition,
): Promise<void> {
  await transaction.query(inSchema(COMMIT_TRACED, schema), [...parametersOf(held, to), trace]);
}

/** The same as text, of integers only. */
export function commitClaimText(schema: string, held: HeldClaim, to: ClaimedPosition): string {
  const values = parametersOf(held, to);
  return inSchema(COMMIT, schema).replace(/\$(\d)/g, (_, place: string) => String(values[Number(place) - 1]));
}

function parametersOf(held: HeldClaim, to: ClaimedPosition): (number | bigint)[] {
  return [held.claimId, held.claimEpoch, held.mark, to.nextOffset, to.leaderEpoch];
}
