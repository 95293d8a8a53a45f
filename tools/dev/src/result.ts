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
}

/** What is missing or wrong, in words; empty when the run is as it should be. */
export function problemsOf(result: Result, expected: { readonly orders: number; readonly killOne: boolean }): string[] {
  const problems: string[] = [];
  const compare = (what: string, got: number) => {
    if (got !== expected.orders) problems.push(`${what}: ${got} of ${expected.orders}`);
  };
  compare('orders placed', result.orders);
  compare('orders mailed', result.mails);
  compare('orders confirmed', result.confirmed);
  compare('orders counted by analytics', result.analytics);
  if (result.outOfOrder > 0) problems.push(`${result.outOfOrder} orders of a customer came out of order`);
  if (!expected.killOne && (result.repeatedMails ?? 0) > 0)
    problems.push(`${result.repeatedMails} mails were sent twice`);
  return problems;
}
