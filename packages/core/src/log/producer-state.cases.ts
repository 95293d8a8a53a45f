import type { ProducerBatch, SequenceCheck, SequencedBatch } from './producer-state.js';

/** Each case holds for the function in TypeScript and for the one in SQL (rules E38, E39). */
export interface SequenceCase {
  readonly title: string;
  /** What is stored, newest first. */
  readonly stored: readonly ProducerBatch[];
  readonly batch: SequencedBatch;
  readonly expected: SequenceCheck;
}

const five: readonly ProducerBatch[] = [40, 30, 20, 10, 0].map((at) => ({
  producerEpoch: 3,
  baseSequence: BigInt(at),
  recordCount: 10,
  baseOffset: BigInt(100 + at),
}));
const batch = (baseSequence: number, producerEpoch = 3, recordCount = 10): SequencedBatch => ({
  baseSequence,
  producerEpoch,
  recordCount,
});
const append = (baseSequence: bigint): SequenceCheck => ({ kind: 'append', baseSequence });
const LAST = 2 ** 31;
const nearWrap: readonly ProducerBatch[] = [
  { producerEpoch: 0, baseSequence: BigInt(LAST - 10), recordCount: 10, baseOffset: 7n },
];
const wrapped: readonly ProducerBatch[] = [
  { producerEpoch: 0, baseSequence: BigInt(LAST - 4), recordCount: 10, baseOffset: 7n },
];

export const SEQUENCE_CASES: readonly SequenceCase[] = [
  { title: 'takes any sequence of a producer it does not know', stored: [], batch: batch(77), expected: append(77n) },
  { title: 'appends the next batch', stored: five, batch: batch(50), expected: append(50n) },
  {
    title: 'recognises the newest batch',
    stored: five,
    batch: batch(40),
    expected: { kind: 'repeat', baseOffset: 140n },
  },
  {
    title: 'recognises the oldest of five',
    stored: five,
    batch: batch(0),
    expected: { kind: 'repeat', baseOffset: 100n },
  },
  {
    title: 'does not take a batch of another length for a repeat',
    stored: five,
    batch: batch(40, 3, 9),
    expected: { kind: 'refuse', error: 'DUPLICATE_SEQUENCE_NUMBER' },
  },
  {
    title: 'refuses a gap',
    stored: five,
    batch: batch(60),
    expected: { kind: 'refuse', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' },
  },
  {
    title: 'says that a batch from before the window is a duplicate',
    stored: five.slice(0, 2),
    batch: batch(10),
    expected: { kind: 'refuse', error: 'DUPLICATE_SEQUENCE_NUMBER' },
  },
  {
    title: 'fences an older epoch',
    stored: five,
    batch: batch(50, 2),
    expected: { kind: 'refuse', error: 'INVALID_PRODUCER_EPOCH' },
  },
  { title: 'lets a newer epoch begin at 0', stored: five, batch: batch(0, 4), expected: append(0n) },
  {
    title: 'does not let a newer epoch begin elsewhere',
    stored: five,
    batch: batch(50, 4),
    expected: { kind: 'refuse', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' },
  },
  { title: 'wraps from 2^31 - 1 to 0', stored: nearWrap, batch: batch(0, 0), expected: append(BigInt(LAST)) },
  {
    title: 'goes on behind a batch that wrapped in its middle',
    stored: wrapped,
    batch: batch(6, 0),
    expected: append(BigInt(LAST + 6)),
  },
  {
    title: 'recognises a batch that wrapped in its middle',
    stored: wrapped,
    batch: batch(LAST - 4, 0),
    expected: { kind: 'repeat', baseOffset: 7n },
  },
  {
    title: 'does not mix repeats of different epochs',
    stored: [{ producerEpoch: 4, baseSequence: 0n, recordCount: 10, baseOffset: 200n }, ...five],
    batch: batch(40, 4),
    expected: { kind: 'refuse', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' },
  },
];
