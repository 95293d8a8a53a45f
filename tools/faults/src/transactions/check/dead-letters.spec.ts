import type { DeadLetterRecord, TransactionsHistory } from '../history.js';
import { checkDeadLetters, settledLetters } from './dead-letters.js';
import { checkEffects } from './effects.js';
import { codesOf, effect, ending, GOOD, letter } from './good-history.js';

const { letters, effects } = GOOD.final;
const wrote = (xid: string) => ({ group: 'triers', partition: 0, xid });
const having = (...triers: DeadLetterRecord[]) => ending({ deadLetters: { ...GOOD.final.deadLetters, triers } });

describe('dead letters of handlers in transactions', () => {
  it('are what went with offsets where everything is as promised', () => {
    expect(checkDeadLetters(GOOD)).toEqual([]);
    expect(settledLetters(GOOD.final, 'triers', 0)).toEqual([
      { partition: 0, offset: 1, xid: '98' },
      { partition: 0, offset: 3, xid: '100' },
    ]);
  });

  it('may be of a job that fails seldom where something else went wrong', () => {
    const [outage, planned] = ['the database is away', 'planned for j:2'];
    const of = (errorMessage: string) =>
      ending({
        effects: effects.filter(({ xid }) => xid !== '99'),
        letters: [wrote('98'), wrote('99'), wrote('100')],
        deadLetters: { triers: [letter(0, 1), letter(1, 2, { errorMessage }), letter(2, 3)] },
      });
    expect([...checkDeadLetters(of(outage)), ...checkEffects(of(outage))]).toEqual([]);
    expect(codesOf(checkDeadLetters(of(planned)))).toEqual(['RETRY']);
  });

  it.each<[string, string[], TransactionsHistory]>([
    ['one that went with no offset', ['A15'], ending({ letters: [...letters, wrote('777')] })],
    ['one that is not in its topic', ['A1'], having(letter(0, 1))],
    ['one that is there twice', ['A5'], having(letter(0, 1), letter(1, 1), letter(2, 3))],
    ['one that no transaction wrote', ['A6'], having(letter(0, 1), letter(1, 2, { errorMessage: 'x' }), letter(2, 3))],
    ['those of later records first', ['A9'], having(letter(0, 3), letter(1, 1))],
    ['one of another record', ['A21'], having(letter(0, 1, { value: 'j:0/j.0/0' }), letter(1, 3))],
    ['one in another partition', ['A21'], having(letter(0, 1, { partition: 1 }), letter(1, 3))],
  ])('are told apart: %s', (_, codes, history) => {
    expect(codesOf(checkDeadLetters(history))).toEqual(codes);
  });

  it.each<[string, string[], TransactionsHistory]>([
    ['neither effect nor dead letter', ['A13', 'A15'], ending({ letters: [wrote('98')] })],
    [
      'both',
      ['A14'],
      ending({ effects: [...effects, effect('b', 1, '98', { group: 'triers', value: 'j:1/j.0/Infinity' })] }),
    ],
    ['a dead letter of another transaction', ['A13', 'A15'], ending({ letters: [wrote('98'), wrote('778')] })],
  ])('are what became of a record, which has %s', (_, codes, history) => {
    expect(codesOf(checkEffects(history))).toEqual(codes);
  });
});
