-- Makes an empty segment table for a chain and answers its id.
--
-- One row holds one record batch in Kafka's v2 bytes, stored as they are (storage external: they may be compressed
-- already, and slices are never read). The row names its partition, since a chain's partitions share the table.
-- `base_sequence` counts on where the wire's 31 bits wrap, so that it orders a producer's batches; the unique index
-- on it is the backstop against duplicates. Nothing here is ever updated or deleted; the table is dropped as a whole.
--
-- With the table come functions whose statements name it, so that their plans are made once a session: planning them anew each time took
-- longer than running them (0.9 of 1.1 ms for a look at a log's end). postlog.append_to_segment_<id> appends one batch; only append_v1
-- calls it, under the replica row's lock. postlog.follow_in_segment_<id> is follow_append_v1's, postlog.read_in_segment_<id> is fetch_v1's,
-- postlog.log_end_in_segment_<id> is log_end_v1's, and postlog.log_ends_in_segment_<id> is log_ends_v1's.
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
  execute format('
    create function postlog.follow_in_segment_%1$s(
      in_partition_id integer, base_offsets bigint[], last_offsets bigint[], leader_epochs integer[], max_timestamps bigint[],
      producer_ids bigint[], base_sequences bigint[], producer_epochs integer[], sizes integer[], batches bytea, first_byte integer
    ) returns void
    language plpgsql volatile
    set plan_cache_mode = force_generic_plan
    as $follow$
    begin
      if cardinality(base_offsets) = 1 then
        insert into postlog.segment_%1$s (partition_id, base_offset, last_offset, leader_epoch, max_timestamp,
                                          producer_id, base_sequence, producer_epoch, size_bytes, batch)
        values (in_partition_id, base_offsets[1], last_offsets[1], leader_epochs[1], max_timestamps[1], producer_ids[1],
                base_sequences[1], producer_epochs[1], sizes[1], substring(batches from first_byte for sizes[1]));
        return;
      end if;
      insert into postlog.segment_%1$s (partition_id, base_offset, last_offset, leader_epoch, max_timestamp,
                                        producer_id, base_sequence, producer_epoch, size_bytes, batch)
      select in_partition_id, b.base_offset, b.last_offset, b.leader_epoch, b.max_timestamp, b.producer_id, b.base_sequence,
             b.producer_epoch, b.size, substring(batches from first_byte + b.ends - b.size for b.size)
        from (select u.*, sum(u.size) over (order by u.base_offset)::integer as ends
                from unnest(base_offsets, last_offsets, leader_epochs, max_timestamps, producer_ids, base_sequences, producer_epochs, sizes)
                     u(base_offset, last_offset, leader_epoch, max_timestamp, producer_id, base_sequence, producer_epoch, size)) b;
    end
    $follow$', new_segment_id);
  execute format('
    create function postlog.log_ends_in_segment_%1$s(partition_ids integer[], in_lead_until timestamptz, in_broker_id integer)
    returns table (
      partition_id integer, role text, leader_epoch integer, lead_until timestamptz,
      active_segment_id integer, log_start_offset bigint, log_end_offset bigint, high_watermark bigint
    )
    language plpgsql stable
    as $ends$
    begin
      return query
        select t.partition_id, t.role, t.leader_epoch, in_lead_until, t.active_segment_id, t.log_start_offset, t.log_end_offset,
               postlog.high_watermark_v1(t.partition_id, t.role, t.leader_epoch, t.log_end_offset, in_broker_id,
                                         t.replicas, t.isr, t.pending_isr, t.min_isr)
          from (
            select r.*,
                   coalesce(
                     (select s.last_offset + 1
                        from postlog.segment_%1$s s
                       where s.partition_id = r.partition_id
                       order by s.base_offset desc
                       limit 1),
                     (select m.base_offset
                        from postlog.replica_segment m
                       where m.partition_id = r.partition_id
                       order by m.base_offset desc
                       limit 1)) as log_end_offset
              from postlog.replica r
             where r.partition_id = any (partition_ids) and r.active_segment_id = %1$s) t;
    end
    $ends$', new_segment_id);
  execute format('
    create function postlog.log_end_in_segment_%1$s(in_partition_id integer) returns bigint
    language plpgsql stable as $end$
    begin
      return (
        select s.last_offset + 1
          from postlog.segment_%1$s s
         where s.partition_id = in_partition_id
         order by s.base_offset desc
         limit 1);
    end
    $end$', new_segment_id);
  -- A cursor, since who reads stops where its room ends.
  execute format('
    create function postlog.read_in_segment_%1$s(in_partition_id integer, from_offset bigint) returns refcursor
    language plpgsql stable
    set plan_cache_mode = force_generic_plan
    as $read$
    declare
      batches refcursor;
    begin
      open batches for
        select s.base_offset, s.last_offset, s.leader_epoch, s.size_bytes, s.batch,
               s.max_timestamp, s.producer_id, s.producer_epoch, s.base_sequence
          from postlog.segment_%1$s s
         where s.partition_id = in_partition_id
           and s.base_offset >= coalesce((
                 select h.base_offset
                   from postlog.segment_%1$s h
                  where h.partition_id = in_partition_id and h.base_offset <= from_offset
                  order by h.base_offset desc
                  limit 1), from_offset)
         order by s.base_offset
         limit 1000;
      return batches;
    end
    $read$', new_segment_id);
  return new_segment_id;
end
$$;
