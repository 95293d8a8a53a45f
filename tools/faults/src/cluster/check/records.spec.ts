import type { RunHistory } from '../history.js';
import { history, poll, send } from './examples.js';
import { checkRecords, harmlessDuplicates } from './records.js';

const codes = (given: Partial<RunHistory>, isComplete = true) => [
  ...new Set(checkRecords(history(given), () => isComplete).map(({ code }) => code)),
];
const leader = { acks: 'leader' as const };
const unnumbered = { isIdempotent: false };

describe('records that went as promised', () => {
  it.each<[string, Partial<RunHistory>]>([
    ['what was acknowledged is read', { sends: [send('a', 0), send('b', 1)], polls: [poll(0, ['a', 'b'])] }],
    [
      'what only the leader acknowledged went with it',
      { sends: [send('a', 0, leader), send('b', 0)], polls: [poll(0, ['b'])] },
    ],
    [
      'what failed for certain is not there, and what nobody knows of may be',
      {
        sends: [send('a', null, { outcome: 'fail' }), send('b', null, { outcome: 'info' }), send('c', 1)],
        polls: [poll(0, ['b', 'c'])],
      },
    ],
    [
      'a repeat is answered without its offset',
      { sends: [send('a', -1), send('b', -1)], polls: [poll(0, ['a', 'b'])] },
    ],
    ['a producer without numbers doubles', { sends: [send('a', 0, unnumbered)], polls: [poll(0, ['a', 'a'])] }],
    [
      'two producers are in any order',
      { sends: [send('a', 1), send('b', 0, { proc: 'q' })], polls: [poll(0, ['b', 'a'])] },
    ],
    [
      'an order of producers without numbers',
      { sends: [send('a', 1, unnumbered), send('b', 0, unnumbered)], polls: [poll(0, ['b', 'a'])] },
    ],
  ])('show nothing: %s', (_what, given) => {
    expect(codes(given)).toEqual([]);
  });

  it('are counted where doubles are allowed', () => {
    const sends = [send('a', 0, unnumbered), send('b', 2)];
    expect(harmlessDuplicates(history({ sends, polls: [poll(0, ['a', 'a', 'b'])] }))).toBe(1);
  });
});

describe('records of which something went wrong', () => {
  it.each<[string, string, Partial<RunHistory>]>([
    ['A1', 'others are read from there on', { sends: [send('a', 0), send('b', 1)], polls: [poll(1, ['b'])] }],
    ['A1', 'its offset holds another', { sends: [send('a', 0), send('b', 0)], polls: [poll(0, ['b'])] }],
    ['A2', 'the log ends before it', { sends: [send('a', 0), send('b', 1)], polls: [poll(0, ['a'])] }],
    [
      'A3',
      'two readers see two values at one offset',
      { sends: [send('a', 0), send('b', 1)], polls: [poll(0, ['a', 'b']), poll(0, ['b'])] },
    ],
    [
      'A3',
      'it was acknowledged elsewhere than it is',
      { sends: [send('a', 1), send('b', 0)], polls: [poll(0, ['a', 'b'])] },
    ],
    ['A5', 'a numbered record is there twice', { sends: [send('a', 0)], polls: [poll(0, ['a', 'a'])] }],
    [
      'A5',
      'a numbered record is there twice, as two readers see it',
      { sends: [send('a', 0)], polls: [poll(0, ['a']), poll(4, ['a'])] },
    ],
    ['A6', 'it failed for certain', { sends: [send('a', null, { outcome: 'fail' })], polls: [poll(0, ['a'])] }],
    ['A9', 'the one sent later comes first', { sends: [send('a', 1), send('b', 0)], polls: [poll(0, ['b', 'a'])] }],
    [
      'A9',
      'the one in doubt comes after the next',
      { sends: [send('a', null, { outcome: 'info' }), send('b', 0)], polls: [poll(0, ['b', 'a'])] },
    ],
    ['A21', 'nobody sent it', { sends: [], polls: [poll(0, ['x'])] }],
    ['A21', 'it was sent to another partition', { sends: [send('a', 0, { key: 't/1' })], polls: [poll(0, ['a'])] }],
  ])('%s: %s', (code, _what, given) => {
    expect(codes(given)).toContain(code);
  });

  it('A20: nobody has read it, and reading did not come to the end', () => {
    const given = { sends: [send('a', 0), send('b', 1)], polls: [poll(0, ['a'])] };
    expect(codes(given, false)).toEqual(['A20']);
  });

  it('say which part of a producer’s records is lost', () => {
    const sends = ['a', 'b', 'c'].map((value, offset) => send(value, offset));
    const [anomaly] = checkRecords(history({ sends, polls: [poll(0, ['a']), poll(2, ['c'])] }), () => true);
    expect(anomaly?.detail).toContain('middle');
  });
});
