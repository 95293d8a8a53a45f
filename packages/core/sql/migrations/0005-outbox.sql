-- The outbox: records that were published inside users' transactions, until the sequencer has appended them to the log.

-- No cache: within a transaction, and between one that committed and one that goes on, later rows need larger ids.
create sequence postlog.outbox_id as bigint cache 1;

-- A row is a record batch of its sender's, for one partition. Rows are inserted, never updated or deleted. The slot is chosen by the clock;
-- a slot whose rows are all sequenced is truncated before its turn comes again (truncate_outbox_v1).
create table postlog.outbox (
  slot integer not null default (extract(epoch from clock_timestamp())::bigint / 60 % 4),
  id bigint not null default nextval('postlog.outbox_id'),
  -- The whole transaction's, whatever savepoints it has.
  xid xid8 not null default pg_current_xact_id(),
  partition_id integer not null,
  record_count integer not null,
  -- Up to this size rows are put into one batch of the log.
  max_batch_bytes integer not null,
  batch bytea not null
) partition by list (slot);

alter table postlog.outbox alter column batch set storage external;

-- Nothing in them is worth vacuuming: they are read by index from the newest transactions on, and truncated.
create table postlog.outbox_0 partition of postlog.outbox for values in (0) with (autovacuum_enabled = false, toast.autovacuum_enabled = false);
create table postlog.outbox_1 partition of postlog.outbox for values in (1) with (autovacuum_enabled = false, toast.autovacuum_enabled = false);
create table postlog.outbox_2 partition of postlog.outbox for values in (2) with (autovacuum_enabled = false, toast.autovacuum_enabled = false);
create table postlog.outbox_3 partition of postlog.outbox for values in (3) with (autovacuum_enabled = false, toast.autovacuum_enabled = false);

create index outbox_xid on postlog.outbox (xid, id);

-- How far the sequencer is; the newest line counts, older ones are deleted off the path. What `sequenced` shows is in the log. Of what
-- `window_snapshot` shows beyond that, transactions are in the log in the order of their highest id up to `done_transaction`, and of that
-- one the rows up to `done_id`.
create table postlog.outbox_mark (
  mark bigint primary key,
  sequenced pg_snapshot not null,
  window_snapshot pg_snapshot,
  done_transaction bigint not null default 0,
  done_id bigint not null default 0
);

insert into postlog.outbox_mark (mark, sequenced) values (0, pg_current_snapshot());

-- The database whose transaction ids the outbox holds. On another server, or beside the original, a copy begins anew (register_outbox_v1).
create table postlog.outbox_home (
  only_row boolean primary key default true check (only_row),
  system_identifier bigint not null,
  database_oid oid not null
) with (fillfactor = 50);

insert into postlog.outbox_home (system_identifier, database_oid)
select c.system_identifier, d.oid from pg_control_system() c, pg_database d where d.datname = current_database();
