-- Where the logs of these partitions begin and end, read under the caller's snapshot. Unknown partitions are left out.
--
-- The end is the tail of the active segment; partitions of one chain share that table, so that a look at many idle
-- partitions is one statement a table and one index descent a partition.
create function postlog.log_ends_v1(partition_ids integer[])
returns table (
  partition_id integer, role text, leader_epoch integer, lead_until timestamptz,
  active_segment_id integer, log_start_offset bigint, log_end_offset bigint
)
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  segment_to_read integer;
begin
  for segment_to_read in
    select distinct r.active_segment_id from postlog.replica r where r.partition_id = any (partition_ids)
  loop
    return query execute format('
      select r.partition_id, r.role, r.leader_epoch, r.lead_until, r.active_segment_id, r.log_start_offset,
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
                 limit 1))
        from postlog.replica r
       where r.partition_id = any ($1) and r.active_segment_id = $2', segment_to_read)
      using partition_ids, segment_to_read;
  end loop;
end
$$;
