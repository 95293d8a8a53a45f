import { offset } from '../record/offset.js';
import { explore, type Exploration } from '../testing/explore.js';
import { nextSteps } from '../testing/replication-actions.js';
import { brokenInvariant } from '../testing/replication-invariants.js';
import { modelKey } from '../testing/replication-model-key.js';
import { initialModel, PRODUCTION_RULES, type Bounds, type Rules } from '../testing/replication-model.js';

const { nextHighWatermark, proposeIsr, divergence } = PRODUCTION_RULES;
const MOST_STATES = 16_000_000;

/** Every state that one partition on three brokers can come to within the bounds, or the shortest way to a broken invariant. */
function walk(rules: Rules, bounds: Bounds): Exploration {
  const next = (state: ReturnType<typeof initialModel>) => nextSteps(state, rules, bounds);
  const initial = initialModel(rules, bounds.minIsr);
  return explore({ initial, next, key: modelKey, violation: brokenInvariant }, MOST_STATES);
}

const small: Bounds = { records: 2, leaderEpochs: 2, minIsr: 2, hasCrashes: false, hasFollowerMarks: false };

/** Some 20 seconds on one core. */
const ALWAYS: readonly Bounds[] = [
  { ...small, hasCrashes: true },
  { ...small, hasCrashes: true, minIsr: 1 },
  { ...small, records: 1, leaderEpochs: 3, hasFollowerMarks: true },
];

/** With POSTLOG_EXPLORE=far: up to 7.7 million states, a quarter of an hour and some 4 GB for the last. */
const FAR: readonly Bounds[] = [
  { ...small, records: 3 },
  { ...small, hasCrashes: true, hasFollowerMarks: true },
  { ...small, records: 1, leaderEpochs: 3, hasCrashes: true, hasFollowerMarks: true },
  { ...small, records: 4 },
  { ...small, leaderEpochs: 3 },
  { ...small, records: 3, leaderEpochs: 3 },
  { ...small, records: 4, leaderEpochs: 3 },
];

describe('replication, in every state that it can come to', () => {
  it.each<Bounds>(process.env['POSTLOG_EXPLORE'] === 'far' ? [...ALWAYS, ...FAR] : ALWAYS)(
    'keeps R1 to R11 and every acknowledged record: $records records, $leaderEpochs epochs, at least $minIsr in sync',
    (bounds) => {
      const { states, transitions, depth, found, isComplete } = walk(PRODUCTION_RULES, bounds);
      console.info(`${JSON.stringify(bounds)}: ${states} states, ${transitions} steps, ${depth} deep`);
      expect({ found, isComplete }).toEqual({ found: undefined, isComplete: true });
      expect(states).toBeGreaterThan(10_000);
    },
    3_600_000,
  );
});

/** Mistakes that others made, or that were close at hand. Each replaces one rule. */
const MISTAKES: readonly [mistake: string, rules: Partial<Rules>, bounds: Partial<Bounds>, broken: string][] = [
  [
    'a follower truncates to its high watermark, as before KIP-101',
    { keptWhenFollowing: ({ mark }) => mark, divergence: () => undefined },
    { records: 1, leaderEpochs: 3, hasFollowerMarks: true },
    'R5 StrongIsr',
  ],
  [
    'the high watermark is that of the ISR, without a change under way',
    { nextHighWatermark: (input) => nextHighWatermark({ ...input, pendingIsr: null }) },
    {},
    'R7 ValidHighWatermark',
  ],
  [
    'the high watermark moves while the ISR is below its minimum',
    { nextHighWatermark: (input) => nextHighWatermark({ ...input, minIsr: 1 }) },
    {},
    'R5 StrongIsr',
  ],
  [
    'the high watermark does not wait for members that were never heard of',
    {
      nextHighWatermark: (input) => {
        const isr = input.isr.filter((id) => (input.followers[id]?.logEndOffset ?? -1n) >= 0n);
        return nextHighWatermark({ ...input, isr, minIsr: 0 });
      },
    },
    {},
    'R5 StrongIsr',
  ],
  ['a new leader does not write down where its epoch begins', { beginEpoch: (epochs) => epochs }, {}, 'R8 EpochStart'],
  [
    'a follower joins the ISR at the high watermark, without regard to the start of the epoch',
    {
      proposeIsr: (led, brokers, lagMs) => proposeIsr({ ...led, epochStartOffset: offset(0) }, brokers, lagMs),
      joinOffset: (led) => led.highWatermark,
    },
    {},
    'R10 IsrExpand',
  ],
  [
    'a follower joins the ISR at a high watermark that a crash has put back',
    { joinOffset: ({ highWatermark, epochStartOffset: start }) => (highWatermark > start ? highWatermark : start) },
    { hasCrashes: true },
    'R5 StrongIsr',
  ],
  [
    'a fetch from where the logs part counts as progress, as in the first draft of KIP-320',
    { countsDivergingFetch: true },
    {},
    'R5 StrongIsr',
  ],
  [
    'a follower is not told of an epoch that its leader does not know',
    {
      divergence: (leader, end, lastEpoch) => {
        const found = divergence(leader, end, lastEpoch);
        return found !== undefined && found.endOffset < end ? found : undefined;
      },
    },
    { records: 1, leaderEpochs: 3 },
    'R9 NoFetchBeforeTruncate: the follower copies to a log that differs',
  ],
  [
    'an epoch without records stays known when older records are copied over its start',
    {
      appendEpoch: (epochs, epoch, startOffset) =>
        epochs.some((known) => known.epoch === epoch)
          ? epochs
          : [...epochs, { epoch, startOffset }].sort((a, b) => a.epoch - b.epoch),
    },
    { records: 1, leaderEpochs: 3 },
    'R8 EpochStart',
  ],
];

describe('the walk through all states', () => {
  it.each(MISTAKES)('finds out that %s', (_mistake, rules, bounds, broken) => {
    const { found } = walk({ ...PRODUCTION_RULES, ...rules }, { ...small, ...bounds });
    expect(found?.violation).toBe(broken);
    expect(found?.actions.length).toBeLessThan(15);
  });
});
