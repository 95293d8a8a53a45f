/** What the processes of a run write down, a JSON line an event. Times are milliseconds of the machine's monotonic clock, which all processes share. */

/** Workloads that publish in transactions: a row of a table goes with their records. */
export type Publishing = 'orders' | 'transfers';

/** Groups whose handlers run in transactions. */
export type GroupName = 'copiers' | 'landers' | 'tellers' | 'triers';

/** All groups; those that do not handle in transactions take effect at least once. */
export type HandlingGroup = GroupName | 'parkers';

/** A transaction that publishes: `begin` comes before its last send, the others after its end. */
export interface PublishEvent {
  readonly f: 'publish';
  /** `fail`: it was rolled back; `info`: nobody knows. */
  readonly type: 'begin' | 'ok' | 'fail' | 'info';
  readonly at: number;
  readonly workload: Publishing;
  /** Sender and number, as in `p1.0:17`. */
  readonly id: string;
}

/** A record that is sent without a transaction: `source` for the copiers, `jobs` for handlers that fail. */
export interface SentEvent {
  readonly f: 'source' | 'jobs';
  readonly type: 'ok' | 'fail' | 'info';
  readonly at: number;
  readonly value: string;
}

/** A call of a handler: `begin` when its transaction has a number, `end` when it returns. Its commit comes after that. */
export interface HandleEvent {
  readonly f: 'handle';
  readonly type: 'begin' | 'end';
  readonly at: number;
  readonly proc: string;
  /** Pairs beginning and end, within a process. */
  readonly call: number;
  readonly group: GroupName;
  readonly partition: number;
  /** Its first record. */
  readonly offset: number;
  readonly xid: string;
}

/** A call of the parkers' handler, which is in no transaction. */
export interface AttemptEvent {
  readonly f: 'attempt';
  readonly at: number;
  readonly proc: string;
  readonly partition: number;
  readonly offset: number;
  readonly attempt: number;
  /** It does not fail. */
  readonly isDone: boolean;
}

export type FaultKind =
  'kill-app' | 'stall-app' | 'kill-postgres' | 'crash-postgres' | 'terminate-backends' | 'kill-leader';

export interface FaultEvent {
  readonly f: 'fault';
  readonly kind: FaultKind;
  readonly proc: string;
  readonly at: number;
  readonly until: number;
}

/** Something that must not happen and that no check would see: a process that ended by itself, or what never came true. */
export interface CrashEvent {
  readonly f: 'crash';
  readonly proc: string;
  readonly detail: string;
}

export type TransactionEvent = PublishEvent | SentEvent | HandleEvent | AttemptEvent | FaultEvent | CrashEvent;

export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A line that a kill cut off is left out. */
export function readEvents(text: string): TransactionEvent[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as TransactionEvent];
    } catch {
      return [];
    }
  });
}
