import type { FinalLog } from '../samples.js';
import { batch } from './examples.js';
import { checkLogs } from './logs.js';

const BATCHES = [batch(0, 1), batch(2, 4), batch(5, 5, 2)];
const EPOCHS = [
  { epoch: 1, startOffset: 0 },
  { epoch: 2, startOffset: 5 },
];
const log = (brokerId: number, given: Partial<FinalLog> = {}): FinalLog => ({
  brokerId,
  partitionId: 7,
  logStart: 0,
  highWatermark: 6,
  batches: BATCHES,
  epochStarts: EPOCHS,
  ...given,
});
const codes = (...logs: FinalLog[]) => [...new Set(checkLogs(logs).map(({ code }) => code))];

describe('the logs of all databases, at the end', () => {
  it.each<[string, FinalLog[]]>([
    ['are the same', [log(1), log(2), log(3)]],
    ['differ above the lowest mark', [log(1), log(2, { highWatermark: 5, batches: BATCHES.slice(0, 2) })]],
    ['differ before where one of them begins', [log(1), log(2, { logStart: 2, batches: BATCHES.slice(1) })]],
    ['know of an epoch that has no records', [log(1, { epochStarts: [...EPOCHS, { epoch: 3, startOffset: 6 }] })]],
  ])('may be: they %s', (_what, logs) => {
    expect(codes(...logs)).toEqual([]);
  });

  it.each<[string, string, FinalLog[]]>([
    [
      'A4',
      'another batch below the mark',
      [log(1), log(2, { batches: [batch(0, 1), batch(2, 4, 2, 'x'), batch(5, 5, 2)] })],
    ],
    ['A4', 'a batch too few below the mark', [log(1), log(2, { batches: BATCHES.slice(0, 2) })]],
    [
      'R6',
      'another batch under the same epoch, above the mark',
      [log(1, { highWatermark: 0 }), log(2, { batches: [batch(0, 1), batch(2, 4, 1, 'x'), batch(5, 5, 2)] })],
    ],
    ['R8', 'an epoch whose beginning is not written down', [log(1, { epochStarts: EPOCHS.slice(0, 1) })]],
    [
      'R8',
      'an epoch that is said to begin elsewhere',
      [log(1, { epochStarts: [EPOCHS[0]!, { epoch: 2, startOffset: 2 }] })],
    ],
    ['R11', 'a hole', [log(1, { batches: [BATCHES[0]!, BATCHES[2]!] })]],
  ])('%s: show %s', (code, _what, logs) => {
    expect(codes(...logs)).toContain(code);
  });
});
