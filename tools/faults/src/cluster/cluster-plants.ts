import type { BrokerDatabaseProbe } from './cluster-probe.store.js';

/** A fault of the product itself, made on purpose, and the script in which it does harm. They live in this tool alone. */
export interface Plant {
  readonly what: string;
  readonly script: string;
  /** What the checker calls the harm, one or the other: anything else is another fault's. */
  readonly harm: readonly string[];
  /** In each broker's database, before anything is sent. */
  readonly plant: (database: BrokerDatabaseProbe) => Promise<void>;
  /** In the database that an older copy has brought back, before its broker's process starts. */
  readonly forge?: (database: BrokerDatabaseProbe) => Promise<void>;
}

const nothing = () => Promise.resolve();

export const CLUSTER_PLANTS: Readonly<Record<string, Plant>> = {
  'skip-fence': {
    what: 'appends compare neither role nor epoch',
    script: 'deposed-leader',
    harm: ['A1', 'A35'],
    plant: (database) =>
      database.plant('append_v1', [
        [`elsif r.role <> 'leader' or lead_until <= clock_timestamp() then`, 'elsif false then'],
        ['elsif leader_epochs[i] >= 0 and leader_epochs[i] <> r.leader_epoch then', 'elsif false then'],
      ]),
  },
  'ack-before-replicated': {
    what: 'acks=all is answered as soon as the leader has the records',
    script: 'leader-alone',
    harm: ['A1', 'A2'],
    plant: (database) =>
      database.plant('append_v1', [['is_replicated := r.is_replicated;', 'is_replicated := false;']]),
  },
  'no-dedup-after-failover': {
    what: 'followers store batches without their producers’ numbers',
    script: 'lost-answers',
    harm: ['A5'],
    plant: (database) =>
      database.plant('follow_append_v1', [
        ['producer_ids[first : after - 1]', 'array_fill(-1::bigint, array[after - first])'],
      ]),
  },
  'isr-shrunk-without-cas': {
    what: 'a leader takes followers out of the ISR by itself',
    script: 'slow-follower-left',
    harm: ['R5', 'A1', 'A2', 'A31'],
    plant: (database) =>
      database.plant('propose_isr_v1', [
        [
          'update postlog.replica p set pending_isr = in_isr where p.partition_id = in_partition_id;',
          `if in_isr <@ r.isr then
             update postlog.replica p set isr = in_isr where p.partition_id = in_partition_id;
             perform postlog.advance_watermark_v1(in_partition_id, log_end);
             return null;
           end if;
           update postlog.replica p set pending_isr = in_isr where p.partition_id = in_partition_id;`,
        ],
      ]),
  },
  'pending-isr-forgotten': {
    what: 'the high watermark counts the ISR alone, not what was proposed',
    script: 'join-answer-lost',
    harm: ['R5', 'R7', 'A1', 'A2', 'A31'],
    plant: (database) =>
      database.plant('watermark_candidate_v1', [
        [`members integer[] := isr || coalesce(pending_isr, '{}');`, 'members integer[] := isr;'],
      ]),
  },
  'repeat-answered-before-hw': {
    what: 'a repeated batch is acknowledged at once, though the first attempt still waits',
    script: 'repeats-to-leader-alone',
    harm: ['A1', 'A2'],
    plant: (database) =>
      database.plant('append_v1', [
        [
          'is_replicated := r.is_replicated;',
          `is_replicated := r.is_replicated;
           perform set_config('faults.log_end', (select e.log_end_offset::text from postlog.log_ends_v1(array[partition_ids[i]]) e), true);`,
        ],
        [
          'position := position + sizes[i];',
          `if error_code = 0 and base_offset < current_setting('faults.log_end')::bigint then
             is_replicated := false;
           end if;
           position := position + sizes[i];`,
        ],
      ]),
  },
  'restored-data-dir': {
    what: 'an older copy of a broker’s data is taken for the broker',
    script: 'restored-copy',
    harm: ['A1', 'A2', 'A31'],
    plant: nothing,
    forge: (database) => database.forgeIdentity(),
  },
};
