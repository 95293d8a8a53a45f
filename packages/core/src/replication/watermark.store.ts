/** The high watermarks of what this broker leads, for those who wait for them. */
import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { offset, type Offset } from '../record/offset.js';

/** A partition as a wait for all in-sync replicas sees it (rule B15). */
export interface Watermark {
  readonly partitionId: number;
  readonly role: 'leader' | 'follower';
  readonly leaderEpoch: number;
  readonly highWatermark: Offset;
  readonly isrSize: number;
  readonly minIsr: number;
}

const WATERMARKS: Statement = {
  name: 'watermarks',
  text: /* sql */ `select * from postlog.watermarks_v1($1)`,
};

interface WatermarkRow {
  readonly partition_id: number;
  readonly role: 'leader' | 'follower';
  readonly leader_epoch: number;
  readonly high_watermark: bigint;
  readonly isr_size: number;
  readonly min_isr: number;
}

/** Partitions that this broker does not have are left out. */
export async function watermarks(database: Database, partitionIds: readonly number[]): Promise<Watermark[]> {
  const rows = await database.query<WatermarkRow>(WATERMARKS, [partitionIds]);
  return rows.map((row) => ({
    partitionId: row.partition_id,
    role: row.role,
    leaderEpoch: row.leader_epoch,
    highWatermark: offset(row.high_watermark),
    isrSize: row.isr_size,
    minIsr: row.min_isr,
  }));
}
