-- Outboxes of databases that are no brokers': what their sequencers have composed and not yet seen on all in-sync replicas of a cluster.

-- Committed before it is sent, so that whoever is next sends the same bytes under the same numbers.
create table postlog.composed_batch (
  batch_number bigint primary key generated always as identity,
  partition_id integer not null,
  batch bytea not null
);

alter table postlog.composed_batch alter column batch set storage external;

-- The sequence of the next record for a partition, by the mark that composed for it; the newest counts.
create table postlog.outbox_sequence (
  partition_id integer not null,
  mark bigint not null,
  next_sequence bigint not null,
  primary key (partition_id, mark)
);

-- Whose outbox it is: a cluster's that this database is an application of, or null where it is a broker's own; and who its records come from.
alter table postlog.outbox_home
  add cluster_id text,
  add producer_id bigint not null default ('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint & 4611686018427387903;
