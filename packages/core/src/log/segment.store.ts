import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import type { SegmentAction, SegmentState } from './segment-plan.js';

/** Segments that may want something done; closed ones that are still mapped want nothing. */
const LIST_SEGMENTS: Statement = {
  name: 'list_segments',
  text: /* sql */ `
    select g.segment_id, g.chain_id, g.state, g.has_snapshot,
           (select count(*) from postlog.replica r where r.chain_id = g.chain_id and r.active_segment_id = g.segment_id)::integer
             as active_replicas,
           (select count(*) from postlog.replica_segment m where m.segment_id = g.segment_id)::integer as mapped_partitions,
           -- A table's file exists and is empty until the first row; only its main part and its values count.
           case when g.state = 'open' then pg_table_size('postlog.segment_' || g.segment_id) else 0 end as size_bytes,
           case when g.state = 'open' then pg_relation_size('postlog.segment_' || g.segment_id) else 0 end as row_bytes,
           (extract(epoch from clock_timestamp() - g.changed_at) * 1000)::float8 as age_ms,
           coalesce((t.config ->> 'segment.bytes')::float8, $1) as max_bytes,
           coalesce((t.config ->> 'segment.ms')::float8, $2) as max_age_ms
      from postlog.segment g
      left join postlog.segment_chain c using (chain_id)
      left join postlog.topic t using (topic_id)
     where g.state <> 'closed'
        or not exists (select from postlog.replica_segment m where m.segment_id = g.segment_id)
     order by g.segment_id`,
};

const PREPARE: Statement = {
  name: 'prepare_segment',
  text: /* sql */ `select postlog.create_segment_v1($1, 'prepared')`,
};

const ROLL: Statement = {
  name: 'roll_segment',
  text: /* sql */ `
    select postlog.roll_segment_v1(
      array(select r.partition_id from postlog.replica r
             where r.chain_id = $1 and r.active_segment_id = $2
             order by r.partition_id), $2, $3)`,
};

const CLOSE: Statement = {
  name: 'close_segment',
  text: /* sql */ `select postlog.close_segment_v1($1, $2 * interval '1 ms') as is_closed`,
};

const UNMAP: Statement = {
  name: 'unmap_segment',
  text: /* sql */ `
    update postlog.segment g set state = 'dropped', changed_at = clock_timestamp()
     where g.segment_id = $1 and g.state = 'closed'
       and not exists (select from postlog.replica_segment m where m.segment_id = g.segment_id)`,
};

const DROP: Statement = {
  name: 'drop_segment',
  text: /* sql */ `select postlog.drop_segment_v1($1, $2 * interval '1 ms')`,
};

export interface SegmentTimes {
  /** Defaults of `segment.bytes` and `segment.ms`. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** How long a producer's state outlives its last batch (rule E40). */
  readonly producerExpiryMs: number;
  /** How long a table outlives its place in the map. */
  readonly dropAfterMs: number;
}

export async function listSegments(database: Database, times: SegmentTimes): Promise<SegmentState[]> {
  const rows = await database.query<SegmentRow>(LIST_SEGMENTS, [times.maxBytes, times.maxAgeMs]);
  return rows.map((row) => ({
    segmentId: row.segment_id,
    chainId: row.chain_id,
    state: row.state,
    hasSnapshot: row.has_snapshot,
    activeReplicas: row.active_replicas,
    mappedPartitions: row.mapped_partitions,
    sizeBytes: row.row_bytes === 0n ? 0 : Number(row.size_bytes),
    ageMs: row.age_ms,
    maxBytes: row.max_bytes,
    maxAgeMs: row.max_age_ms,
  }));
}

/** Does one thing that `planSegments` asked for. Repeating it, or racing with another process, does no harm. */
export async function applySegmentAction(
  database: Database,
  action: SegmentAction,
  times: SegmentTimes,
): Promise<void> {
  switch (action.kind) {
    case 'prepare':
      await database.query(PREPARE, [action.chainId]);
      return;
    case 'roll':
      await database.query(ROLL, [action.chainId, action.from, action.to]);
      return;
    case 'close': {
      const { is_closed } = await database.one<{ is_closed: boolean }>(CLOSE, [
        action.segmentId,
        times.producerExpiryMs,
      ]);
      if (is_closed) await database.query(freeze(action.segmentId));
      return;
    }
    case 'unmap':
      await database.query(UNMAP, [action.segmentId]);
      return;
    case 'drop':
      await database.query(DROP, [action.segmentId, times.dropAfterMs]);
      return;
  }
}

/** A closed table never changes: freezing it once spares the wraparound vacuum later. The id is an integer of ours. */
function freeze(segmentId: number): Statement {
  return { name: 'freeze_segment', text: `vacuum (freeze) postlog.segment_${segmentId}` };
}

interface SegmentRow {
  readonly segment_id: number;
  readonly chain_id: number;
  readonly state: SegmentState['state'];
  readonly has_snapshot: boolean;
  readonly active_replicas: number;
  readonly mapped_partitions: number;
  readonly size_bytes: bigint;
  readonly row_bytes: bigint;
  readonly age_ms: number;
  readonly max_bytes: number;
  readonly max_age_ms: number;
}
