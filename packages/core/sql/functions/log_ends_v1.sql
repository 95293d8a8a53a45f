-- Where the logs of these partitions begin and end, read under the caller's snapshot. Unknown partitions are left out.
--
-- The end is the tail of the active segment; partitions of one chain share that table, so that a look at many idle
-- partitions is one statement a table and one index descent a partition.
-- The high watermark is the end where the leader alone counts, at once; else it is where followers moved it to.
create function postlog.log_ends_v1(partition_ids integer[])
returns table (
  partition_id integer, role text, leader_epoch integer, lead_until timestamptz,
  active_segment_id integer, log_start_offset bigint, log_end_offset bigint, high_watermark bigint
)
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
  segment_to_read integer;
  me record;
begin
  select b.broker_id, b.lead_until into me from postlog.broker b;
  for segment_to_read in
    select distinct r.active_segment_id from postlog.replica r where r.partition_id = any (partition_ids)
  loop
    return query execute format('select * from postlog.log_ends_in_segment_%s($1, $2, $3)', segment_to_read)
      using partition_ids, me.lead_until, me.broker_id;
  end loop;
end
$$;
