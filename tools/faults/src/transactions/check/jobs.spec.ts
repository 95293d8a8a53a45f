import type { TransactionsHistory } from '../history.js';
import { codesOf, GOOD, logging } from './good-history.js';
import { checkJobs } from './jobs.js';

const [first, second, third, fourth] = GOOD.final.logs['jobs']![0]!.values as [string, string, string, string];

describe('jobs in the log', () => {
  it('are as they were sent where everything is as promised', () => {
    expect(checkJobs(GOOD)).toEqual([]);
    expect(checkJobs(logging('jobs', fourth, first, second, third))).toEqual([]);
  });

  it.each<[string, string[], TransactionsHistory]>([
    ['one that was acknowledged is missing', ['A1'], logging('jobs', first, second, fourth)],
    ['one is there twice', ['A5'], logging('jobs', first, second, second, third, fourth)],
    ['those of a key are in another order', ['A9'], logging('jobs', first, third, second, fourth)],
  ])('are told apart: %s', (_, codes, history) => {
    expect(codesOf(checkJobs(history))).toEqual(codes);
  });
});
