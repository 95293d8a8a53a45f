-- Makes an empty segment table for a chain and answers its id.
--
-- One row holds one record batch in Kafka's v2 bytes, stored as they are (storage external: they may be compressed
-- already, and slices are never read). The row names its partition, since a chain's partitions share the table.
-- `base_sequence` counts on where the wire's 31 bits wrap, so that it orders a producer's batches; the unique index
-- on it is the backstop against duplicates. Nothing here is ever updated or deleted; the table is dropped as a whole.
create function postlog.create_segment_v1(in_chain_id integer, in_state text) returns integer
language plpgsql as $$
declare
  new_segment_id integer;
begin
  insert into postlog.segment (chain_id, state) values (in_chain_id, in_state) returning segment_id into new_segment_id;
  execute format('
    create table postlog.segment_%1$s (
      partition_id integer not null,
      base_offset bigint not null,
      last_offset bigint not null,
      leader_epoch integer not null,
      max_timestamp bigint not null,
      producer_id bigint not null,
      base_sequence bigint not null,
      producer_epoch integer not null,
      size_bytes integer not null,
      appended_at timestamptz not null default clock_timestamp(),
      batch bytea not null,
      primary key (partition_id, base_offset)
    )', new_segment_id);
  execute format('alter table postlog.segment_%1$s alter column batch set storage external', new_segment_id);
  execute format('
    create unique index segment_%1$s_producer
        on postlog.segment_%1$s (partition_id, producer_id, producer_epoch, base_sequence)
     where producer_id >= 0', new_segment_id);
  return new_segment_id;
end
$$;
