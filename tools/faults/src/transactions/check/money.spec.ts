import { ending, GOOD, logging } from './good-history.js';
import { checkMoney } from './money.js';

const sampled = (balances: number, next: number) => ({
  ...GOOD,
  samples: [{ at: 1_600, balances, debited: 10, claimed: { 0: next } }],
});

describe('the money', () => {
  it('is always the same sum where everything is as promised', () => {
    expect(checkMoney(GOOD)).toEqual([]);
  });

  it.each([
    ['credited before the tellers are past it', sampled(100, 0), 'at 1600 ms there is 110, not 100'],
    ['not credited though the tellers are past it', sampled(90, 1), 'at 1600 ms there is 90, not 100'],
    ['gone at the end', ending({ balances: 90 }), 'at the end there is 90, not 100'],
    ['not what its record says', logging('transfers', 'm:1/0/7/11'), 'at 1700 ms there is 99, not 100'],
  ])('is missed when it is %s', (_, history, detail) => {
    expect(checkMoney(history)).toEqual([{ code: 'MONEY', detail }]);
  });
});
