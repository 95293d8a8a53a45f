-- What who waits for all in-sync replicas has to know of these partitions (rule B15), and no more: records are waited for one by one, and each
-- looks at least once. A broker whose time to lead is over does not lead. Unknown partitions are left out.
create function postlog.watermarks_v1(partition_ids integer[])
returns table (partition_id integer, role text, leader_epoch integer, high_watermark bigint, isr_size integer, min_isr integer)
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
  me record;
begin
  select b.broker_id, b.lead_until into me from postlog.broker b;
  return query
    select r.partition_id, case when me.lead_until <= clock_timestamp() then 'follower' else r.role end, r.leader_epoch,
           postlog.high_watermark_v1(
             r.partition_id, r.role, r.leader_epoch,
             -- The log's end counts only where the leader is alone.
             case when cardinality(r.isr) <= 1 then postlog.log_end_v1(r.partition_id, r.active_segment_id) end,
             me.broker_id, r.replicas, r.isr, r.pending_isr, r.min_isr),
           cardinality(r.isr), r.min_isr
      from postlog.replica r
     where r.partition_id = any (partition_ids);
end
$$;
