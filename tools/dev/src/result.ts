/** What one run came to: the last line of `--once`. */
export interface Result {
  readonly orders: number;
  /** Distinct orders that were mailed. With a killed process some are mailed twice; see `repeatedMails`. */
  readonly mails: number;
  readonly confirmed: number;
  readonly analytics: number;
  readonly partitions: number;
  readonly emailProcesses: Readonly<Record<string, number>>;
  readonly outOfOrder: number;
  readonly seconds: number;
  readonly repeatedMails?: number;
  /** With `--cluster` or `--rolling-restart`: acknowledged orders that the log does not have where it said. */
  readonly lost?: number;
  /** With `--rolling-restart`: mails and confirmations beyond one an order. */
  readonly duplicatedEffects?: number;
  /** With `--poison`: orders that became dead letters, and those that were sent back after the correction. */
  readonly deadLetters?: number;
  readonly requeued?: number;
  /** With `--kill-leader`; see `DeathFigures`. */
  readonly failoverMs?: number | undefined;
  readonly isrRestoredMs?: number | undefined;
}

export interface Expected {
  readonly orders: number;
  readonly killOne: boolean;
  readonly killLeader: boolean;
  readonly poison?: number;
}

/** What is missing or wrong, in words; empty when the run is as it should be. */
export function problemsOf(result: Result, expected: Expected): string[] {
  const problems: string[] = [];
  const compare = (what: string, got: number) => {
    if (got !== expected.orders) problems.push(`${what}: ${got} of ${expected.orders}`);
  };
  compare('orders placed', result.orders);
  compare('orders mailed', result.mails);
  compare('orders confirmed', result.confirmed);
  compare('orders counted by analytics', result.analytics);
  if (result.outOfOrder > 0) problems.push(`${result.outOfOrder} orders of a customer came out of order`);
  if (!expected.killOne && !expected.killLeader && (result.repeatedMails ?? 0) > 0)
    problems.push(`${result.repeatedMails} mails were sent twice`);
  if ((result.lost ?? 0) > 0) problems.push(`${result.lost} acknowledged orders are not in the log`);
  if ((result.duplicatedEffects ?? 0) > 0) problems.push(`${result.duplicatedEffects} effects happened twice`);
  const { poison = 0 } = expected;
  if (poison > 0 && (result.deadLetters !== poison || result.requeued !== poison))
    problems.push(`of ${poison} poison orders ${result.deadLetters} were dead letters and ${result.requeued} requeued`);
  if (!expected.killLeader) return problems;
  if (result.failoverMs === undefined)
    problems.push('no order was acknowledged by a successor of the killed leader; place more orders');
  if (result.isrRestoredMs === undefined) problems.push('not every replica was in sync again');
  return problems;
}
