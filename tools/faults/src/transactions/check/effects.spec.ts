import type { TransactionsHistory } from '../history.js';
import { checkEffects } from './effects.js';
import { audited, codesOf, effect, ending, GOOD } from './good-history.js';

const { effects, audit } = GOOD.final;
const withEffect = (...more: typeof effects) => ending({ effects: [...effects, ...more] });
const offsets = (...entries: readonly [xid: string, nextOffset: number | null][]) => {
  const others = audit.filter(({ group }) => group !== 'copiers');
  return ending({
    audit: [...others, ...entries.map(([xid, nextOffset]) => audited('offset', 'a', 1, { xid, nextOffset }))],
  });
};

describe('effects and offsets', () => {
  it('are of one transaction where everything is as promised', () => {
    expect(checkEffects(GOOD)).toEqual([]);
  });

  it.each<[string, string[], TransactionsHistory]>([
    ['a record without an effect', ['A13', 'A15'], ending({ effects: effects.slice(1) })],
    ['a record that took effect twice', ['A14', 'A15'], withEffect(effect('a', 2, '93'))],
    ['an effect twice in one transaction', ['A14'], withEffect(effect('b', 2, '94'))],
    [
      'an effect of another value',
      ['A21'],
      ending({ effects: [effect('a', 0, '91', { value: 's:1' }), ...effects.slice(1)] }),
    ],
    ['an effect of a record that is not there', ['A21', 'A15'], withEffect(effect('a', 7, '91'))],
    ['an offset that another transaction committed', ['A15'], offsets(['91', 2], ['99', 3])],
    ['an effect beyond what its transaction committed', ['A15'], offsets(['91', 1], ['94', 3])],
    ['an offset that goes back', ['A18', 'A15'], offsets(['91', 2], ['97', 1], ['94', 3])],
    ['an offset that is forgotten', ['A18', 'A15'], offsets(['91', 2], ['97', null], ['94', 3])],
  ])('are told apart: %s', (_, codes, history) => {
    expect(codesOf(checkEffects(history))).toEqual(codes);
  });
});
