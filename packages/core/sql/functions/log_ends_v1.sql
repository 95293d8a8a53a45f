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
as $$
declare
  segment_to_read integer;
  me record;
begin
  select b.broker_id, b.lead_until into me from postlog.broker b;
  for segment_to_read in
    select distinct r.active_segment_id from postlog.replica r where r.partition_id = any (partition_ids)
  loop
    return query execute format('
      select t.partition_id, t.role, t.leader_epoch, $3, t.active_segment_id, t.log_start_offset, t.log_end_offset,
             case
               when cardinality(t.replicas) <= 1 and t.role = ''leader'' then t.log_end_offset
               when t.role = ''leader'' and t.isr = array[$4] and coalesce(t.pending_isr, t.isr) = t.isr then
                 greatest(postlog.stored_watermark_v1(t.partition_id), postlog.watermark_candidate_v1(
                   t.partition_id, $4, t.leader_epoch, t.log_end_offset, t.replicas, t.isr, t.pending_isr, t.min_isr))
               else postlog.stored_watermark_v1(t.partition_id)
             end
        from (
          select r.*,
                 coalesce(
                   (select s.last_offset + 1
                      from postlog.segment_%s s
                     where s.partition_id = r.partition_id
                     order by s.base_offset desc
                     limit 1),
                   (select m.base_offset
                      from postlog.replica_segment m
                     where m.partition_id = r.partition_id
                     order by m.base_offset desc
                     limit 1)) as log_end_offset
            from postlog.replica r
           where r.partition_id = any ($1) and r.active_segment_id = $2) t', segment_to_read)
      using partition_ids, segment_to_read, me.lead_until, me.broker_id;
  end loop;
end
$$;
