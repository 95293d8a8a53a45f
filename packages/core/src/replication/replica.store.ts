/** What the SQL functions of replication take and answer; `postgres-replica-store.ts` gives it the port's shape. */
import type { Statement } from '../postgres/statement.js';

export const LIST_REPLICAS: Statement = {
  name: 'list_replicas',
  text: /* sql */ `
    select p.partition_id, p.topic_id, p.partition, r.leader_id, r.leader_epoch, r.partition_epoch, r.replicas, r.isr, r.pending_isr,
           r.min_isr, e.log_start_offset, e.log_end_offset, e.high_watermark,
           coalesce((select max(l.leader_epoch) from postlog.leader_epoch l
                      where l.partition_id = r.partition_id and l.start_offset < e.log_end_offset), -1) as last_epoch
      from postlog.log_ends_v1(array(
             select partition_id from postlog.replica
              where $1::integer is null
                 or leader_id = $1 and role = 'follower' and ($2::integer[] is null or partition_id = any ($2)))) e
      join postlog.replica r using (partition_id)
      join postlog.topic_partition p using (partition_id)
     order by p.partition_id`,
};

export const CREATE_REPLICAS: Statement = {
  name: 'create_replicas',
  text: /* sql */ `
    select postlog.create_replicas_v1($1, array(
      select p from unnest($2::integer[]) p
       where not exists (select from postlog.replica r where r.partition_id = p)), null, $3)`,
};

export const APPLY_TOPICS: Statement = {
  name: 'apply_topics',
  text: /* sql */ `select postlog.apply_topics_v1($1, $2, $3) as is_applied`,
};

export const APPLY_ROLES: Statement = {
  name: 'apply_roles',
  text: /* sql */ `select partition_id from postlog.apply_roles_v1($1, $2, $3, $4, $5) as partition_id`,
};

export const NOTE_FETCH: Statement = {
  name: 'note_fetch',
  text: /* sql */ `select * from postlog.note_fetch_v1($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
};

export const FOLLOW_APPEND: Statement = {
  name: 'follow_append',
  text: /* sql */ `
    select partition_id, error_code
      from postlog.follow_append_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
};

export const TRUNCATE_LOG: Statement = {
  name: 'truncate_log',
  text: /* sql */ `select error_code, log_end_offset from postlog.truncate_log_v1($1, $2, $3, $4, $5, $6)`,
};

export const LIST_LED: Statement = {
  name: 'list_led',
  text: /* sql */ `select led from postlog.list_led_v1() led`,
};

export const PROPOSE_ISR: Statement = {
  name: 'propose_isr',
  text: /* sql */ `select postlog.propose_isr_v1($1, $2, $3, $4) as join_offset`,
};

export const WITHDRAW_ISR: Statement = {
  name: 'withdraw_isr',
  text: /* sql */ `select postlog.withdraw_isr_v1($1, $2, $3, $4) as is_withdrawn`,
};

export const CHECKPOINT_WATERMARKS: Statement = {
  name: 'checkpoint_watermarks',
  text: /* sql */ `select postlog.checkpoint_watermarks_v1() as written`,
};

export interface ReplicaRow {
  readonly partition_id: number;
  readonly topic_id: string;
  readonly partition: number;
  readonly leader_id: number | null;
  readonly leader_epoch: number;
  readonly partition_epoch: number;
  readonly replicas: number[];
  readonly isr: number[];
  readonly pending_isr: number[] | null;
  readonly min_isr: number;
  readonly log_start_offset: bigint;
  readonly log_end_offset: bigint;
  readonly high_watermark: bigint;
  readonly last_epoch: number;
}

export interface NotedRow {
  readonly partition_id: number;
  readonly error_code: number;
  readonly diverging_epoch: number | null;
  readonly diverging_end: bigint | null;
  readonly log_start_offset: bigint | null;
  readonly log_end_offset: bigint | null;
  readonly high_watermark: bigint | null;
  readonly has_advanced: boolean;
}

/** One line of `list_led_v1`: what the replica's own row does not say. */
export interface LedDocument {
  readonly partitionId: number;
  readonly logStartOffset: string;
  readonly logEndOffset: string;
  readonly highWatermark: string;
  readonly epochStartOffset: string | null;
  readonly followers: readonly {
    readonly brokerId: number;
    readonly brokerEpoch: number;
    readonly logEndOffset: string;
    readonly caughtUpAgoMs: number | null;
  }[];
}
