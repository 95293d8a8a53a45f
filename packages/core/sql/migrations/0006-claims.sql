-- Claims: how far groups are whose handlers run in transactions of this database. Offset and effects of a handler are committed together here.

-- Who may commit for a group in a partition. Locked and compared by the last statement of each transaction; changed only by a take-over.
create table postlog.claim (
  claim_id integer primary key generated always as identity,
  group_id text collate "C" not null,
  -- The cluster's number of the partition.
  partition_id integer not null,
  -- Rises with each take-over.
  claim_epoch integer not null,
  -- The group's member, and the epoch under which the group gave it the partition.
  owner_member_id text not null,
  owner_epoch integer not null,
  -- Of the group's committed offset when it last overruled the claim.
  reset_epoch bigint not null,
  unique (group_id, partition_id)
) with (fillfactor = 50);

-- Where the group goes on: the newest mark counts, older ones are deleted off the path. Null: it has not begun.
create table postlog.claimed_offset (
  claim_id integer not null,
  mark bigint not null,
  next_offset bigint,
  -- Of the last record before it; -1 when unknown.
  leader_epoch integer not null,
  primary key (claim_id, mark)
);
