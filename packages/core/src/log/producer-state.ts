/** A batch that a producer appended to a partition. Sequences count on where the wire's 31 bits wrap. */
export interface ProducerBatch {
  readonly producerEpoch: number;
  readonly baseSequence: bigint;
  readonly recordCount: number;
  readonly baseOffset: bigint;
}

export interface SequencedBatch {
  readonly producerEpoch: number;
  /** As on the wire: 0 to 2^31 - 1. */
  readonly baseSequence: number;
  readonly recordCount: number;
}

export type SequenceCheck =
  | { readonly kind: 'append'; readonly baseSequence: bigint }
  | { readonly kind: 'repeat'; readonly baseOffset: bigint }
  | {
      readonly kind: 'refuse';
      readonly error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' | 'DUPLICATE_SEQUENCE_NUMBER' | 'INVALID_PRODUCER_EPOCH';
    };

/** A retry is recognised among this many batches (rule E38). */
const DEDUPE_WINDOW = 5;

const SEQUENCES = 2n ** 31n;

/**
 * What a batch of an idempotent producer is, given that producer's last batches, newest first (rules E38, E39).
 *
 * The twin of `sql/functions/check_sequence_v1.sql`: one table of cases tests both.
 */
export function checkSequence(batch: SequencedBatch, last: readonly ProducerBatch[]): SequenceCheck {
  const [newest] = last;
  const incoming = BigInt(batch.baseSequence);
  if (newest === undefined) return { kind: 'append', baseSequence: incoming };
  if (batch.producerEpoch < newest.producerEpoch) return { kind: 'refuse', error: 'INVALID_PRODUCER_EPOCH' };
  if (batch.producerEpoch > newest.producerEpoch) {
    return batch.baseSequence === 0
      ? { kind: 'append', baseSequence: 0n }
      : { kind: 'refuse', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' };
  }

  const next = newest.baseSequence + BigInt(newest.recordCount);
  if (next % SEQUENCES === incoming) return { kind: 'append', baseSequence: next };
  const repeated = last
    .slice(0, DEDUPE_WINDOW)
    .find(
      (stored) =>
        stored.producerEpoch === batch.producerEpoch &&
        stored.baseSequence % SEQUENCES === incoming &&
        stored.recordCount === batch.recordCount,
    );
  if (repeated !== undefined) return { kind: 'repeat', baseOffset: repeated.baseOffset };
  const behind = (((next - incoming) % SEQUENCES) + SEQUENCES) % SEQUENCES;
  return {
    kind: 'refuse',
    error: behind < SEQUENCES / 2n ? 'DUPLICATE_SEQUENCE_NUMBER' : 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  };
}
