import { planSegments, type SegmentState } from './segment-plan.js';

const segment = (given: Partial<SegmentState> = {}): SegmentState => ({
  segmentId: 1,
  chainId: 1,
  state: 'open',
  hasSnapshot: false,
  activeReplicas: 3,
  mappedPartitions: 3,
  sizeBytes: 0,
  ageMs: 0,
  maxBytes: 100,
  maxAgeMs: 1_000,
  ...given,
});
const prepared = segment({ segmentId: 2, state: 'prepared', activeReplicas: 0, mappedPartitions: 0 });

describe('the plan for segments', () => {
  it.each([
    ['leaves a small, young segment alone', [segment({ sizeBytes: 49, ageMs: 499 })], []],
    [
      'prepares the next one when the active is half full',
      [segment({ sizeBytes: 50 })],
      [{ kind: 'prepare', chainId: 1 }],
    ],
    [
      'prepares the next one at half the age',
      [segment({ sizeBytes: 1, ageMs: 500 })],
      [{ kind: 'prepare', chainId: 1 }],
    ],
    ['prepares only one', [segment({ sizeBytes: 99 }), prepared], []],
    ['rolls when it is full', [segment({ sizeBytes: 100 }), prepared], [{ kind: 'roll', chainId: 1, from: 1, to: 2 }]],
    ['goes on in the old one while none is ready', [segment({ sizeBytes: 500 })], [{ kind: 'prepare', chainId: 1 }]],
    ['never rolls an empty segment by age', [segment({ ageMs: 9_999 }), prepared], []],
    [
      'rolls replicas that stayed behind to where the others are',
      [segment({ activeReplicas: 1 }), segment({ segmentId: 2, activeReplicas: 2 })],
      [{ kind: 'roll', chainId: 1, from: 1, to: 2 }],
    ],
    [
      'closes a segment that nobody appends to any more',
      [segment({ activeReplicas: 0 }), segment({ segmentId: 2 })],
      [{ kind: 'close', segmentId: 1 }],
    ],
    [
      'takes a closed segment away when no partition needs it',
      [
        segment({ state: 'closed', activeReplicas: 0, mappedPartitions: 0, hasSnapshot: true }),
        segment({ segmentId: 2 }),
      ],
      [{ kind: 'unmap', segmentId: 1 }],
    ],
    [
      'keeps a closed segment that a partition needs',
      [segment({ state: 'closed', activeReplicas: 0, mappedPartitions: 1 })],
      [],
    ],
    ['drops the table later', [segment({ state: 'dropped', activeReplicas: 0 })], [{ kind: 'drop', segmentId: 1 }]],
  ])('%s', (_title, segments, expected) => {
    expect(planSegments(segments)).toEqual(expected);
  });

  it('treats chains by themselves', () => {
    const other = segment({ segmentId: 7, chainId: 2, sizeBytes: 60 });
    expect(planSegments([segment({ sizeBytes: 100 }), prepared, other])).toEqual([
      { kind: 'roll', chainId: 1, from: 1, to: 2 },
      { kind: 'prepare', chainId: 2 },
    ]);
  });
});
