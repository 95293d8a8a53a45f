import { Attempts } from './attempts.js';

describe('attempts', () => {
  it('count the calls with a record until it is done', () => {
    const attempts = new Attempts();
    expect(attempts.next('t', 0, '5')).toBe(1);
    attempts.failed('t', 0, '5');
    attempts.failed('t', 0, '5');
    attempts.failed('t', 0, '6');
    expect([attempts.next('t', 0, '5'), attempts.next('t', 0, '6'), attempts.next('t', 1, '5')]).toEqual([3, 2, 1]);
    attempts.done('t', 0, '5');
    expect([attempts.next('t', 0, '5'), attempts.next('t', 0, '6')]).toEqual([1, 2]);
  });
});
