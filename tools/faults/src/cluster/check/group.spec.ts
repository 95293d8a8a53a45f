import type { RunHistory } from '../history.js';
import { commit, committed, done, history, poll } from './examples.js';
import { checkGroup } from './group.js';

/** Member `a` handles 0 and 1 and commits 2; `b` takes over at 2 and handles 2. */
const by = (proc: string, at: number) => ({ proc, at, mode: 'member' as const });
const GOOD = {
  polls: [poll(0, ['x', 'y'], by('a', 100)), poll(2, ['z'], by('b', 1_000))],
  done: [done('a', 2, 200), done('b', 3, 1_100)],
  commits: [commit('a', 2, 210), commit('b', 3, 1_110)],
  committed: [committed(2, 500), committed(3, 1_500)],
};
const codes = (given: Partial<RunHistory>) => [
  ...new Set(checkGroup(history({ ...GOOD, ...given })).map(({ code }) => code)),
];

describe('a group whose members take over from each other', () => {
  it('shows nothing', () => {
    expect(codes({})).toEqual([]);
  });

  it.each<[string, Partial<RunHistory>]>([
    [
      'records that were handled and not committed are handled again',
      {
        polls: [...GOOD.polls, poll(2, ['z'], by('a', 2_000))],
        commits: [GOOD.commits[0]!, commit('b', 3, 1_110, { outcome: 'fail' })],
        committed: [],
      },
    ],
    [
      'a member gets a partition back where the other one left off',
      { polls: [...GOOD.polls, poll(3, ['w'], by('a', 2_000))] },
    ],
    [
      'a commit that was in doubt took effect',
      { commits: [commit('a', 2, 210, { outcome: 'info' }), GOOD.commits[1]!] },
    ],
    ['an answer that overlaps a commit is the older one', { committed: [{ ...committed(2, 1_109), endedAt: 1_200 }] }],
  ])('shows nothing when %s', (_what, given) => {
    expect(codes(given)).toEqual([]);
  });

  it.each<[string, string, Partial<RunHistory>]>([
    [
      'A16',
      'a commit by another one is accepted while a member owns the partition all the time',
      {
        polls: [poll(0, ['x', 'y'], by('a', 100)), poll(2, ['z'], by('a', 3_000))],
        commits: [commit('b', 1, 1_000), commit('a', 2, 210)],
        done: [done('a', 2, 200), done('b', 1, 900)],
        committed: [],
      },
    ],
    ['A17', 'the group is past what members have finished', { committed: [committed(5, 1_500)] }],
    ['A17', 'a member begins past what members have finished', { done: [done('a', 1, 200)], committed: [] }],
    ['A18', 'what was committed is less for who asks', { committed: [committed(2, 500), committed(1, 1_500)] }],
    ['A18', 'nothing is committed any more', { committed: [committed(0, 1_500)] }],
    ['A18', 'a member begins before what was committed', { polls: [GOOD.polls[0]!, poll(0, ['x'], by('b', 1_000))] }],
    [
      'A18',
      'a member begins before what it committed itself a moment ago',
      { polls: [GOOD.polls[0]!, poll(0, ['x'], by('a', 225)), GOOD.polls[1]!] },
    ],
    ['A19', 'a member begins where nobody committed', { polls: [GOOD.polls[0]!, poll(1, ['y'], by('b', 150))] }],
  ])('%s: %s', (code, _what, given) => {
    expect(codes(given)).toContain(code);
  });
});
