-- Delayed delivery: records that wait for their time. When it has come they are moved to the outbox, whose sequencer appends them.

-- Among deliveries that are due at the same time, the one that was sent first is delivered first.
create sequence postlog.delayed_id as bigint cache 1;

-- A row is what one send hands over: one batch or more, for some partitions. It is inserted once, and deleted when it is moved or cancelled.
create table postlog.delayed (
  delivery_id uuid primary key,
  -- Milliseconds since 1970, on this server's clock.
  due_at bigint not null,
  id bigint not null default nextval('postlog.delayed_id'),
  -- The whole transaction's, whatever savepoints it has: finds what was committed after its time had come.
  xid xid8 not null default pg_current_xact_id(),
  -- One each for every batch; `batches` are one after another.
  partition_ids integer[] not null,
  record_counts integer[] not null,
  max_batch_bytes integer[] not null,
  sizes integer[] not null,
  batches bytea not null
);

alter table postlog.delayed alter column batches set storage external;

create index delayed_due on postlog.delayed (due_at, id);
create index delayed_xid on postlog.delayed (xid);
