import type { TransactionsHistory } from '../history.js';
import { codesOf, effect, ending, GOOD } from './good-history.js';
import { checkParking } from './parking.js';

const { effects, deadLetters } = GOOD.final;
const [, second, third] = GOOD.final.logs['jobs']![0]!.values as [string, string, string];
const handled = (offset: number, value: string) => effect('b', offset, '0', { group: 'parkers', value });
const at = (offset: number) => ({ partition: 0, offset });
const handling = (...more: typeof effects) => ending({ effects: [...effects, ...more], parked: [] });

describe('jobs of the parkers', () => {
  it('are handled, parked or dead letters where everything is as promised', () => {
    expect(checkParking(GOOD)).toEqual([]);
    expect(checkParking(handling(handled(1, second), handled(2, third)))).toEqual([]);
  });

  it('are not missed where nobody parks keys', () => {
    expect(checkParking(ending({ effects: [], deadLetters: {}, parked: undefined }))).toEqual([]);
  });

  it('may be handled again, late too', () => {
    expect(checkParking(handling(handled(1, second), handled(2, third), handled(1, second)))).toEqual([]);
  });

  it.each<[string, string[], TransactionsHistory]>([
    ['one that nobody has', ['A13'], ending({ parked: [at(1)] })],
    ['a dead letter that is gone', ['A13'], ending({ deadLetters: { ...deadLetters, parkers: [] } })],
    ['one of another value', ['A21'], handling(handled(1, third), handled(2, third))],
    ['one before an earlier one of its key', ['A9'], handling(handled(2, third), handled(1, second))],
    ['one while an earlier one of its key waits', ['A9'], ending({ effects: [...effects, handled(2, third)] })],
  ])('are told apart: %s', (_, codes, history) => {
    expect(codesOf(checkParking(history))).toEqual(codes);
  });
});
