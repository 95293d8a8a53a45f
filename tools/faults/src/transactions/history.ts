import type { GroupName, HandlingGroup, Publishing, TransactionEvent } from './events.js';

/** What was written down during a run, and what its database holds after everything was healed and drained. */
export interface TransactionsHistory {
  readonly events: readonly TransactionEvent[];
  readonly samples: readonly MoneySample[];
  readonly final: FinalState;
  readonly sessionTimeoutMs: number;
}

export interface FinalState {
  /** Rows that went with records, in any order. */
  readonly published: readonly PublishedRow[];
  /** Records of each topic, partition by partition, in the order of their offsets. */
  readonly logs: Readonly<Record<string, readonly LogPartition[]>>;
  /** What handlers inserted, in that order. */
  readonly effects: readonly Effect[];
  /** Changes of claims and of their offsets, in the order of the claim's lock. */
  readonly audit: readonly AuditEntry[];
  /** What transactions wrote into topics of dead letters. */
  readonly letters: readonly Letter[];
  /** What is in these topics, by the group whose it is, partition by partition. */
  readonly deadLetters: Readonly<Record<string, readonly DeadLetterRecord[]>>;
  /** Jobs that the parkers have parked; undefined where there are none of them. */
  readonly parked: readonly Place[] | undefined;
  readonly balances: number;
  readonly openingBalances: number;
}

interface Place {
  readonly partition: number;
  readonly offset: number;
}

/** A row of the outbox. Each transaction of a handler settles one record, and its offset tells which. */
export interface Letter {
  readonly group: string;
  readonly partition: number;
  readonly xid: string;
}

export interface DeadLetterRecord {
  /** Where it is. */
  readonly at: Place;
  /** Of the record, as its headers say. */
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
  readonly errorMessage: string;
}

export interface PublishedRow {
  readonly workload: Publishing;
  readonly id: string;
  /** How many records it has. */
  readonly records: number;
  readonly amount: number;
}

export interface LogPartition {
  readonly partition: number;
  /** Offsets begin at 0 and are dense. */
  readonly values: readonly string[];
}

export interface Effect {
  readonly group: HandlingGroup;
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
  readonly xid: string;
  readonly process: string;
}

export interface AuditEntry {
  /** A take-over, or an offset. */
  readonly kind: 'claim' | 'offset';
  readonly group: string;
  readonly partition: number;
  readonly xid: string;
  /** Of the claim when this was written. */
  readonly claimEpoch: number;
  readonly memberId: string;
  /** Null for a take-over, or where the group has not begun. */
  readonly nextOffset: number | null;
  /** The process whose connection wrote it. */
  readonly writtenBy: string;
}

/** One snapshot of the money: what is on accounts, what was taken from them ever, and how far the tellers are. */
export interface MoneySample {
  readonly at: number;
  readonly balances: number;
  readonly debited: number;
  readonly claimed: Readonly<Record<number, number>>;
}

/** The topic of each group that handles in transactions. */
export const TOPIC_OF: Readonly<Record<GroupName, string>> = {
  copiers: 'source',
  landers: 'copies',
  tellers: 'transfers',
  triers: 'jobs',
};

/** A record that is published with a row: the row's id, its number, and for money the amount. */
export interface RecordValue {
  readonly id: string;
  readonly number: number;
  readonly target: number;
  readonly amount: number;
}

export function recordValue({ id, number, target, amount }: RecordValue): string {
  return `${id}/${number}/${target}/${amount}`;
}

export function parseValue(value: string): RecordValue {
  const [id = '', number, target, amount] = value.split('/');
  return { id, number: Number(number), target: Number(target), amount: Number(amount) };
}

/** `p1.0:17` is the seventeenth of sender `p1.0`. */
export function senderOf(id: string): { readonly sender: string; readonly number: number } {
  const [sender = '', number] = id.split(':');
  return { sender, number: Number(number) };
}
