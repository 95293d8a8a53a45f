-- The log of one broker: topics, the replicas of their partitions on this broker, and the segments that hold record batches.

create table postlog.topic (
  topic_id uuid primary key default gen_random_uuid(),
  topic text collate "C" not null unique,
  replication_factor smallint not null,
  -- Only what differs from the defaults, by Kafka's names; values are text.
  config jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp()
);

-- Rises with every topic that is created or deleted, so that a heartbeat sees by one number whether topics changed.
create table postlog.metadata_version (
  only_row boolean primary key default true check (only_row),
  version bigint not null
) with (fillfactor = 50);

insert into postlog.metadata_version (version) values (1);

-- One row a topic-partition that has a copy here. The row is the partition's lock and its fence: whoever writes records
-- locks it and compares role, leader epoch and lead_until in it. It names the active segment, so that this too is read
-- under the lock. It has no foreign keys, and appends never update it.
create table postlog.replica (
  partition_id integer generated always as identity primary key,
  topic_id uuid not null,
  partition integer not null,
  broker_id integer not null,
  role text not null check (role in ('leader', 'follower')),
  leader_epoch integer not null default 0,
  partition_epoch integer not null default 0,
  lead_until timestamptz not null default 'infinity',
  chain_id integer not null,
  active_segment_id integer not null,
  log_start_offset bigint not null default 0,
  unique (topic_id, partition)
) with (fillfactor = 70);

create index replica_chain on postlog.replica (chain_id);

-- Which epoch began at which offset (rule C19); a new leader writes its line before it accepts appends.
create table postlog.leader_epoch (
  partition_id integer not null,
  leader_epoch integer not null,
  start_offset bigint not null,
  primary key (partition_id, leader_epoch)
);

-- A chain is a series of segment tables that up to a fixed number of a topic's partitions share.
create table postlog.segment_chain (
  chain_id integer generated always as identity primary key,
  topic_id uuid not null
);

-- A segment is a table, postlog.segment_<segment_id>. `prepared`: nobody appends yet. `open`: some replica appends to it.
-- `closed`: none does any more. `dropped`: out of the map, its table goes a little later.
create table postlog.segment (
  segment_id integer generated always as identity primary key,
  chain_id integer not null,
  state text not null check (state in ('prepared', 'open', 'closed', 'dropped')),
  -- The last batches of every producer up to this segment's end are in postlog.producer_snapshot.
  has_snapshot boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp()
);

create index segment_chain_state on postlog.segment (chain_id, state);

-- The segment map: from base_offset on, up to the next row's, the partition's records are in this segment.
create table postlog.replica_segment (
  partition_id integer not null,
  base_offset bigint not null,
  segment_id integer not null,
  primary key (partition_id, base_offset)
);

create index replica_segment_segment on postlog.replica_segment (segment_id);

-- A producer's last batches (at most five, newest first) as they stood when a segment was closed, so that a late retry is
-- recognised whatever became of the segment.
create table postlog.producer_snapshot (
  partition_id integer not null,
  producer_id bigint not null,
  segment_id integer not null,
  producer_epochs integer[] not null,
  base_sequences bigint[] not null,
  record_counts integer[] not null,
  base_offsets bigint[] not null,
  last_appended_at timestamptz not null,
  primary key (partition_id, producer_id, segment_id)
);

-- Who runs a background service. A lease saves double work; what makes a service safe is compared inside its writes.
create table postlog.lease (
  name text primary key,
  holder text not null,
  lease_epoch bigint not null,
  expires_at timestamptz not null
) with (fillfactor = 50);
