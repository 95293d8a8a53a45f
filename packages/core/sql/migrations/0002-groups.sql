-- Consumer groups: who is in them, who owns which partition, and where each group goes on.

-- The group's decided state. It changes by compare-and-set on `version` only (write_group_v1).
create table postlog.group_state (
  group_id text collate "C" primary key,
  -- In a cluster: the partition of __consumer_offsets in whose log the group is kept, so that it survives this broker.
  offsets_partition_id integer,
  version bigint not null,
  -- Rises with membership, subscriptions and topics; the target assignment was computed for assignment_epoch (rule I58).
  group_epoch integer not null,
  assignment_epoch integer not null,
  -- The value of postlog.metadata_version that the target was computed for.
  metadata_version bigint not null,
  -- When the first of the members that must give something up is late; null while none must.
  revoke_by timestamptz,
  changed_at timestamptz not null default clock_timestamp(),
  -- When members made the group, in milliseconds: what claims of an earlier group of this name say is void (take_over_claim_v1).
  created_epoch bigint not null default 0
) with (fillfactor = 50);

create table postlog.group_membership (
  group_id text collate "C" not null,
  member_id text collate "C" not null,
  -- -2 while a static member is away.
  member_epoch integer not null,
  -- Accepted once more when an answer was lost (rule I60).
  previous_epoch integer not null,
  client_id text not null,
  host text not null,
  -- A static member's name, which outlives its member ids.
  group_instance_id text collate "C",
  -- By name, and those that the pattern (`/source/flags`) matched when it was last looked at.
  topics text[] not null,
  topic_pattern text,
  -- By name; the group takes the one that most members ask for.
  assignor text not null,
  -- `classic` is room for clients that speak JoinGroup and SyncGroup.
  protocol text not null default 'consumer',
  session_timeout_ms integer not null,
  rebalance_timeout_ms integer not null,
  -- What the group wants it to own, by numeric partition id. What it does own stands in postlog.committed_offset.
  target_partitions integer[] not null,
  -- Since when it has had something to give up, without giving up any of it.
  revoking_since timestamptz,
  joined_at timestamptz not null default clock_timestamp(),
  primary key (group_id, member_id)
) with (fillfactor = 50);

create unique index group_membership_instance on postlog.group_membership (group_id, group_instance_id);

-- Until when a member counts as alive: apart from the decided state, so that a heartbeat touches nothing that is compared.
create table postlog.group_liveness (
  group_id text collate "C" not null,
  member_id text collate "C" not null,
  expires_at timestamptz not null,
  primary key (group_id, member_id)
) with (fillfactor = 50);

-- Where a group goes on in a partition: the next offset to read (rule H54). The row carries its owner and the epoch under
-- which that owner took it over; a commit compares both in this row, since a fence in another row fences nothing.
create table postlog.committed_offset (
  group_id text collate "C" not null,
  partition_id integer not null,
  owner_member_id text collate "C",
  owner_epoch integer not null default -1,
  -- Null until the group commits for the first time.
  committed_offset bigint,
  leader_epoch integer not null default -1,
  metadata text,
  committed_at timestamptz,
  -- Rises with each commit that does not only follow a claim: which of the two says where the group goes on.
  reset_epoch bigint not null default 0,
  primary key (group_id, partition_id)
) with (fillfactor = 50);

create index committed_offset_partition on postlog.committed_offset (partition_id);

-- Which partitions of __consumer_offsets were read into these tables, and for which reign of this broker: only then does it coordinate their groups.
create table postlog.group_log_load (
  partition_id integer primary key,
  leader_epoch integer not null
);
