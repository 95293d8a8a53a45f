-- Makes an empty segment table for a chain and answers its id.
--
-- One row holds one record batch in Kafka's v2 bytes, stored as they are (storage external: they may be compressed
-- already, and slices are never read). The row names its partition, since a chain's partitions share the table.
-- `base_sequence` counts on where the wire's 31 bits wrap, so that it orders a producer's batches; the unique index
-- on it is the backstop against duplicates. Nothing here is ever updated or deleted; the table is dropped as a whole.
--
-- With the table comes a function, postlog.append_to_segment_<id>, that appends one batch to it. Its statements name the
-- table, so that their plans are made once a session: planning them anew for each batch took longer than running them.
-- Only append_v1 calls it, under the replica row's lock.
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
  execute format('
    create function postlog.append_to_segment_%1$s(
      in_partition_id integer, in_leader_epoch integer, in_record_count integer, in_max_timestamp bigint,
      in_producer_id bigint, in_producer_epoch integer, in_base_sequence integer, in_batch bytea,
      out error_code integer, out base_offset bigint
    )
    language plpgsql volatile as $append$
    declare
      last_epoch integer;
      next_sequence bigint := -1;
      checked record;
    begin
      error_code := 0;
      if in_producer_id >= 0 then
        select s.producer_epoch, s.base_sequence + s.last_offset - s.base_offset + 1
          into last_epoch, next_sequence
          from postlog.segment_%1$s s
         where s.partition_id = in_partition_id and s.producer_id = in_producer_id and s.producer_id >= 0
         order by s.producer_epoch desc, s.base_sequence desc
         limit 1;
        if last_epoch is distinct from in_producer_epoch or (next_sequence & 2147483647) <> in_base_sequence then
          select * into checked from postlog.check_sequence_v1(
            in_partition_id, in_producer_id, in_producer_epoch, in_base_sequence, in_record_count, %1$s);
          error_code := checked.error_code;
          base_offset := checked.repeated_base_offset;
          next_sequence := checked.next_sequence;
          if error_code <> 0 or base_offset is not null then
            return;
          end if;
        end if;
      end if;

      select s.last_offset + 1 into base_offset
        from postlog.segment_%1$s s
       where s.partition_id = in_partition_id
       order by s.base_offset desc
       limit 1;
      if base_offset is null then
        base_offset := (
          select m.base_offset
            from postlog.replica_segment m
           where m.partition_id = in_partition_id
           order by m.base_offset desc
           limit 1);
      end if;
      insert into postlog.segment_%1$s (partition_id, base_offset, last_offset, leader_epoch, max_timestamp,
                                        producer_id, base_sequence, producer_epoch, size_bytes, batch)
      values (in_partition_id, append_to_segment_%1$s.base_offset, append_to_segment_%1$s.base_offset + in_record_count - 1,
              in_leader_epoch, in_max_timestamp, in_producer_id, next_sequence, in_producer_epoch, length(in_batch), in_batch);
    end
    $append$', new_segment_id);
  return new_segment_id;
end
$$;
