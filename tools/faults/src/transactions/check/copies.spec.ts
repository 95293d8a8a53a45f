import type { TransactionsHistory } from '../history.js';
import { checkCopies } from './copies.js';
import { codesOf, GOOD, logging } from './good-history.js';

describe('a copied topic', () => {
  it('is its original where everything is as promised', () => {
    expect(checkCopies(GOOD)).toEqual([]);
  });

  it.each<[string, string[], TransactionsHistory]>([
    ['lacks a record', ['A1'], logging('copies', 's:0', 's:2')],
    ['has one twice', ['A5', 'A9'], logging('copies', 's:0', 's:1', 's:1', 's:2')],
    ['has another order', ['A9'], logging('copies', 's:1', 's:0', 's:2')],
    ['has a record of its own', ['A21'], logging('copies', 's:0', 's:1', 's:2', 's:7')],
    ['is of an original that lost what was acknowledged', ['A1', 'A21'], logging('source', 's:0', 's:1')],
    ['is of an original that has a record twice', ['A5'], logging('source', 's:0', 's:1', 's:2', 's:2')],
  ])('is told: it %s', (_, codes, history) => {
    expect(codesOf(checkCopies(history))).toEqual(codes);
  });
});
