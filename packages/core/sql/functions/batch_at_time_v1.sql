-- The first batch from `from_offset` on with a record that is not older than `in_timestamp` (rule G49); nothing when there
-- is none. Segment by segment in the order of the log, by the batches' columns only: the payload is read once.
create function postlog.batch_at_time_v1(in_partition_id integer, from_offset bigint, in_timestamp bigint)
returns table (base_offset bigint, last_offset bigint, batch bytea)
language plpgsql stable
set enable_seqscan = off
set enable_sort = off
as $$
declare
  segment_to_read integer;
begin
  for segment_to_read in
    select m.segment_id
      from postlog.replica_segment m
     where m.partition_id = in_partition_id
     order by m.base_offset
  loop
    return query execute format('
      select s.base_offset, s.last_offset, s.batch
        from postlog.segment_%s s
       where s.partition_id = $1 and s.last_offset >= $2 and s.max_timestamp >= $3
       order by s.base_offset
       limit 1', segment_to_read)
      using in_partition_id, from_offset, in_timestamp;
    if found then
      return;
    end if;
  end loop;
end
$$;
