import { migratedDatabase, type MigratedDatabase } from '../testing/migrated-database.js';
import { checkSequence, type SequenceCheck } from './producer-state.js';
import { SEQUENCE_CASES, type SequenceCase } from './producer-state.cases.js';

describe('a batch of an idempotent producer, decided in TypeScript', () => {
  it.each(SEQUENCE_CASES)('$title', ({ stored, batch, expected }) => {
    expect(checkSequence(batch, stored)).toEqual(expected);
  });
});

describe('a batch of an idempotent producer, decided in SQL', () => {
  let world: MigratedDatabase;

  beforeAll(async () => {
    world = await migratedDatabase();
  });
  afterAll(() => world.drop());

  it.each(SEQUENCE_CASES)('$title', async ({ stored, batch, expected }) => {
    const segment = await segmentWith(stored);
    const row = await world.database.one<CheckRow>(
      { name: 'check', text: 'select * from postlog.check_sequence_v1(1, 9, $1, $2, $3, $4)' },
      [batch.producerEpoch, batch.baseSequence, batch.recordCount, segment],
    );
    expect(decision(row)).toEqual(expected);
  });

  async function segmentWith(stored: SequenceCase['stored']): Promise<number> {
    const { id } = await world.database.one<{ id: number }>({
      name: 'new',
      text: "select postlog.create_segment_v1(1, 'open') as id",
    });
    for (const { producerEpoch, baseSequence, recordCount, baseOffset } of stored) {
      await world.database.query(
        {
          name: 'store',
          text: `insert into postlog.segment_${id} (partition_id, base_offset, last_offset, leader_epoch, max_timestamp,
                                                     producer_id, base_sequence, producer_epoch, size_bytes, batch)
                 values (1, $1::bigint, $1::bigint + $2::integer - 1, 0, 0, 9, $3, $4, 0, '')`,
        },
        [baseOffset, recordCount, baseSequence, producerEpoch],
      );
    }
    return id;
  }
});

interface CheckRow {
  readonly error_code: number;
  readonly repeated_base_offset: bigint | null;
  readonly next_sequence: bigint;
}

function decision({ error_code, repeated_base_offset, next_sequence }: CheckRow): SequenceCheck {
  if (error_code === 45) return { kind: 'refuse', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' };
  if (error_code === 46) return { kind: 'refuse', error: 'DUPLICATE_SEQUENCE_NUMBER' };
  if (error_code === 47) return { kind: 'refuse', error: 'INVALID_PRODUCER_EPOCH' };
  return repeated_base_offset === null
    ? { kind: 'append', baseSequence: next_sequence }
    : { kind: 'repeat', baseOffset: repeated_base_offset };
}
