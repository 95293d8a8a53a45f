import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { offset, type Offset } from '../record/offset.js';

const END_OF_EPOCH: Statement = {
  name: 'end_of_epoch',
  text: /* sql */ `
    select o.known_epoch, o.end_offset
      from postlog.log_ends_v1(array[$1::integer]) e
     cross join lateral postlog.end_of_epoch_v1(e.partition_id, $2, e.log_end_offset) o`,
};

/** Where a leader epoch ends in a partition's log (rule C21): the largest known epoch at or below, and its end; epoch -1 when none is. */
export async function endOfEpoch(
  database: Database,
  partitionId: number,
  epoch: number,
): Promise<{ readonly epoch: number; readonly endOffset: Offset }> {
  const row = await database.one<{ known_epoch: number; end_offset: bigint }>(END_OF_EPOCH, [partitionId, epoch]);
  return { epoch: row.known_epoch, endOffset: offset(row.end_offset) };
}
