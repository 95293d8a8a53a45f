-- Consumer groups: who is in them, who owns which partition, and where each group goes on.

-- The group's decided state. It changes by compare-and-set on `version` only.
create table postlog.consumer_group (
  group_id text collate "C" primary key,
  version bigint not null default 0,
  group_epoch integer not null default 0,
  assignment_epoch integer not null default 0,
  changed_at timestamptz not null default clock_timestamp()
);

create table postlog.group_member (
  group_id text collate "C" not null,
  member_id text not null,
  member_epoch integer not null,
  client_id text not null,
  host text not null,
  topics text[] not null,
  rebalance_timeout_ms integer not null,
  session_timeout_ms integer not null,
  joined_at timestamptz not null default clock_timestamp(),
  -- Numeric partition ids: what it owns now, what the group wants it to own, what it was told to give up and still holds.
  owned_partitions integer[] not null default '{}',
  target_partitions integer[] not null default '{}',
  revoking_since timestamptz,
  primary key (group_id, member_id)
);

-- When a member was last heard of: apart from the decided state, so that a heartbeat touches nothing that is compared.
create table postlog.group_liveness (
  group_id text collate "C" not null,
  member_id text not null,
  expires_at timestamptz not null,
  primary key (group_id, member_id)
) with (fillfactor = 50);

-- Where a group goes on in a partition: the next offset to read. The row carries its owner and the epoch under which
-- that owner took it over; a commit compares both in this row (a fence in another row fences nothing).
create table postlog.committed_offset (
  group_id text collate "C" not null,
  partition_id integer not null,
  owner_member_id text,
  owner_epoch integer not null default 0,
  -- Null until the group commits for the first time.
  committed_offset bigint,
  leader_epoch integer not null default -1,
  metadata text,
  committed_at timestamptz,
  primary key (group_id, partition_id)
) with (fillfactor = 50);
