-- What became of records whose handler failed: dead letters that were dealt with, and records that wait for another attempt.

-- Dead letters that were requeued or purged. The log is immutable, so a line here is what removes one from the list. What is below the log start
-- is gone from both.
create table postlog.handled_dead_letter (
  partition_id integer not null,
  record_offset bigint not null,
  handled_at timestamptz not null default clock_timestamp(),
  primary key (partition_id, record_offset)
);

-- Records that a group could not handle yet, and later ones of the same keys, which wait for them. Only the owner of the partition, which stands
-- in postlog.committed_offset, adds and removes lines.
create table postlog.parked_record (
  group_id text collate "C" not null,
  partition_id integer not null,
  record_offset bigint not null,
  record_key bytea not null,
  -- The record alone, as a batch.
  batch bytea not null,
  -- How often its handler failed; 0 for one that only waits for an earlier one of its key.
  attempts integer not null,
  error_name text,
  error_message text,
  handler_id text,
  parked_at timestamptz not null default clock_timestamp(),
  -- The next attempt, if it is the first of its key then.
  retry_at timestamptz not null,
  -- An operator wants it to become a dead letter.
  is_discarded boolean not null default false,
  primary key (group_id, partition_id, record_offset)
) with (fillfactor = 70);

alter table postlog.parked_record alter column batch set storage external;
