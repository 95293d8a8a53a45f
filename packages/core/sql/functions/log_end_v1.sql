-- Where one partition's log ends, read under the caller's snapshot: the tail of its active segment, else where that begins.
--
-- The caller has turned the planner's sorts and sequential scans off, as log_ends_v1 does.
create function postlog.log_end_v1(in_partition_id integer, in_active_segment_id integer) returns bigint
language plpgsql stable as $$
declare
  log_end bigint;
begin
  execute format('select postlog.log_end_in_segment_%s($1)', in_active_segment_id) into log_end using in_partition_id;
  if log_end is null then
    log_end := (
      select m.base_offset
        from postlog.replica_segment m
       where m.partition_id = in_partition_id
       order by m.base_offset desc
       limit 1);
  end if;
  return log_end;
end
$$;
