import type { Anomaly } from '../../history.js';
import { parseValue, type MoneySample, type TransactionsHistory } from '../history.js';

/**
 * MONEY: at no moment is there more money or less: what is on accounts, and what was taken from one and is not yet past the tellers, is always the same sum.
 */
export function checkMoney({ samples, final }: TransactionsHistory): Anomaly[] {
  const paid = new Map(
    (final.logs['transfers'] ?? []).map(({ partition, values }) => [
      partition,
      runningSums(values.map((value) => parseValue(value).amount)),
    ]),
  );
  const anomalies = samples.flatMap((sample) => {
    const sum = sample.balances + inFlight(sample, paid);
    return sum === final.openingBalances ? [] : [moneyAt(`${Math.round(sample.at)} ms`, sum, final.openingBalances)];
  });
  return final.balances === final.openingBalances
    ? anomalies
    : [...anomalies, moneyAt('the end', final.balances, final.openingBalances)];
}

function inFlight({ debited, claimed }: MoneySample, paid: ReadonlyMap<number, readonly number[]>): number {
  const credited = Object.entries(claimed).map(([partition, next]) => paid.get(Number(partition))?.[next] ?? 0);
  return debited - credited.reduce((sum, each) => sum + each, 0);
}

/** The sum of what comes before each offset, and of all. */
function runningSums(amounts: readonly number[]): number[] {
  let sum = 0;
  return [0, ...amounts.map((amount) => (sum += amount))];
}

function moneyAt(when: string, sum: number, expected: number): Anomaly {
  return { code: 'MONEY', detail: `at ${when} there is ${sum}, not ${expected}` };
}
