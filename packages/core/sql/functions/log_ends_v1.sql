-- Where the logs of these partitions begin and end, read under the caller's snapshot. Unknown partitions are left out.
--
-- The end is the tail of the active segment. A few partitions are looked at one by one; of many, those of one chain share that table, so that a
-- look at many idle partitions is one statement a table and one index descent a partition.
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
  r record;
  me record;
begin
  select b.broker_id, b.lead_until into me from postlog.broker b;
  if cardinality(partition_ids) <= 4 then
    return query
      select t.partition_id, t.role, t.leader_epoch, me.lead_until, t.active_segment_id, t.log_start_offset, t.log_end_offset,
             postlog.high_watermark_v1(t.partition_id, t.role, t.leader_epoch, t.log_end_offset, me.broker_id,
                                       t.replicas, t.isr, t.pending_isr, t.min_isr)
        from (select p.*, postlog.log_end_v1(p.partition_id, p.active_segment_id) as log_end_offset
                from postlog.replica p
               where p.partition_id = any (partition_ids)
              offset 0) t;
    return;
  end if;
  for r in
    select distinct p.active_segment_id from postlog.replica p where p.partition_id = any (partition_ids)
  loop
    return query execute format('select * from postlog.log_ends_in_segment_%s($1, $2, $3)', r.active_segment_id)
      using partition_ids, me.lead_until, me.broker_id;
  end loop;
end
$$;
