import { processOf, readHandled } from './history.js';

const line = (event: object) => `${JSON.stringify(event)}\n`;
const begin = (offset: number, at: number) =>
  line({ kind: 'begin', at, partition: 0, offset, key: 'k', value: `v${offset}` });
const end = (offset: number, at: number) => line({ kind: 'end', at, partition: 0, offset });

describe('what a process wrote down', () => {
  it('is read as calls with their ends, repeats apart, and a line that a kill cut off is left out', () => {
    const text = `${begin(0, 1)}${end(0, 2)}${line({ kind: 'joined', at: 3, memberId: 'p0-1' })}${begin(0, 4)}${begin(1, 5)}${end(1, 6)}{"kind":"en`;
    expect(readHandled('p0', text).map(({ offset, beganAt, endedAt }) => [offset, beganAt, endedAt])).toEqual([
      [0, 1, 2],
      [0, 4, undefined],
      [1, 5, 6],
    ]);
  });

  it('belongs to the process that a member’s id begins with', () => {
    expect(processOf('p12-0a9f')).toBe('p12');
  });
});
