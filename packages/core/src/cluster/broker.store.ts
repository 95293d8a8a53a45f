import type { Statement } from '../postgres/statement.js';

export const IDENTIFY: Statement = {
  name: 'identify_broker',
  text: /* sql */ `
    select b.broker_id, b.incarnation,
           (select c.system_identifier::text from pg_control_system() c) as system_identifier,
           ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer as timeline_id,
           trunc(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'))::text as written_wal,
           clock_timestamp()::text as now,
           (select d.oid::bigint from pg_database d where d.datname = current_database()) as database_oid
      from postlog.broker b`,
};

export const RAISE_INCARNATION: Statement = {
  name: 'raise_incarnation',
  text: /* sql */ `select postlog.raise_incarnation_v1($1, $2, $3) as incarnation`,
};

/** The time is absolute, so a statement that arrives late renews nothing that has passed. Its commit flushes what was written before it. */
export const LEAD_UNTIL: Statement = {
  name: 'lead_until',
  text: /* sql */ `
    update postlog.broker
       set lead_until = $1::timestamptz + $2 * interval '1 ms'
     where incarnation = $3 and set_config('synchronous_commit', 'local', true) is not null
    returning broker_id`,
};

export interface IdentityRow {
  readonly broker_id: number;
  readonly incarnation: number;
  readonly system_identifier: string;
  readonly timeline_id: number;
  readonly written_wal: string;
  readonly now: string;
  readonly database_oid: bigint;
}

/** Topics as a broker has them that was alone: it leads every partition. */
export const OWN_TOPICS: Statement = {
  name: 'own_topics',
  text: /* sql */ `
    select json_build_object(
             'topic', t.topic, 'topicId', t.topic_id, 'config', t.config, 'replicationFactor', 1,
             'partitions', json_agg(json_build_object(
               'partition', p.partition, 'partitionId', p.partition_id, 'replicas', r.replicas, 'isr', r.isr,
               'addingReplicas', '{}'::integer[], 'removingReplicas', '{}'::integer[], 'elr', '{}'::integer[],
               'leader', r.leader_id, 'leaderEpoch', r.leader_epoch, 'partitionEpoch', r.partition_epoch,
               'isRecovering', false) order by p.partition)) as topic
      from postlog.topic t
      join postlog.topic_partition p using (topic_id)
      join postlog.replica r using (partition_id)
     group by t.topic, t.topic_id, t.config
     order by t.topic`,
};
