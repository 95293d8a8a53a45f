-- Replication: how far followers are, and below which offset records are on all in-sync replicas.

-- The high watermark, as it stands on disk every few seconds; a replica that is alone needs none. The row is also the lock
-- under which the mark is moved.
create table postlog.watermark_checkpoint (
  partition_id integer primary key,
  high_watermark bigint not null
) with (fillfactor = 50);

-- The high watermark as it moves: inserted, never updated, so that it stays quick while an old transaction keeps dead rows
-- from being cleaned away. The largest counts. A crash empties the table, and the mark goes on from its checkpoint.
create unlogged table postlog.soft_watermark (
  partition_id integer not null,
  high_watermark bigint not null,
  primary key (partition_id, high_watermark)
);

-- What followers fetched from this leader (rule B8), inserted when it changed; the newest line of a follower counts. A fetch at the
-- leader's end that changes nothing leaves a line in follower_fetch only. A crash empties both.
create unlogged table postlog.follower_progress (
  partition_id integer not null,
  broker_id integer not null,
  noted bigint generated always as identity,
  broker_epoch integer not null,
  leader_epoch integer not null,
  -- Null: in sync when this leader took over, and not heard of since.
  log_end_offset bigint,
  leader_end_offset bigint,
  fetched_at timestamptz not null,
  caught_up_at timestamptz,
  primary key (partition_id, broker_id, noted)
);

-- When a follower last fetched, whatever it was: all partitions that it follows here are in every fetch.
create unlogged table postlog.follower_fetch (
  broker_id integer not null,
  fetched_at timestamptz not null,
  primary key (broker_id, fetched_at)
);
