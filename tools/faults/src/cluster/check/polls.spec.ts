import { history, poll } from './examples.js';
import { checkPolls } from './polls.js';
import type { Poll } from '../history.js';

const codes = (polls: readonly Poll[]) => checkPolls(history({ polls })).map(({ code }) => code);
const scattered = (...offsets: number[]): Poll => ({
  ...poll(0, []),
  records: offsets.map((offset) => [offset, `v${offset}`]),
});
const member = { mode: 'member' as const };

describe('what a reader gets', () => {
  it('is one record after the other, from the beginning on, each reader for itself', () => {
    expect(codes([poll(0, ['a', 'b']), poll(0, ['a'], { proc: 'q' }), poll(2, ['c'])])).toEqual([]);
  });

  it('may begin anew where a group says so', () => {
    expect(codes([poll(4, ['a'], member), poll(2, ['b'], member)])).toEqual([]);
  });

  it.each<[string, string, Poll[]]>([
    ['A19', 'leaves out records between two polls', [poll(0, ['a']), poll(2, ['c'])]],
    ['A19', 'gets records again', [poll(0, ['a', 'b']), poll(1, ['b'])]],
    ['A19', 'does not begin at the beginning', [poll(1, ['b'])]],
    ['A22', 'leaves out records within a poll', [scattered(0, 2)]],
    ['A23', 'gets a record again within a poll', [scattered(0, 0)]],
    ['A23', 'goes back within a poll', [scattered(0, 1, 0)]],
  ])('%s: it %s', (code, _what, polls) => {
    expect(codes(polls)).toContain(code);
  });
});
