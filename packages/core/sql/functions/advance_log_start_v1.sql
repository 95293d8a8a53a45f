-- Moves a partition's log start forward and takes segments that lie wholly before it out of its map.
--
-- Answers the log start that holds now, or an error code: 1 when the offset is beyond the high watermark, 3 and 6 as in append_v1.
-- Never moves back. Waits at most 50 ms for the replica row. A segment that is in nobody's map any
-- more is dropped later, by the segment service, so that readers with an older snapshot still find it.
create function postlog.advance_log_start_v1(
  in_partition_id integer, in_offset bigint, out error_code integer, out log_start_offset bigint
)
language plpgsql volatile as $$
declare
  r record;
  log_end bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'advance_log_start_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  perform set_config('lock_timeout', '50ms', true);
  error_code := 0;
  select p.role, p.log_start_offset, (select b.lead_until from postlog.broker b) as lead_until into r
    from postlog.replica p where p.partition_id = in_partition_id for no key update;
  if not found then
    error_code := 3;
    return;
  elsif r.role <> 'leader' or r.lead_until <= clock_timestamp() then
    error_code := 6;
    return;
  end if;

  log_start_offset := r.log_start_offset;
  log_end := (select e.high_watermark from postlog.log_ends_v1(array[in_partition_id]) e);
  if in_offset > log_end then
    error_code := 1;
  elsif in_offset > r.log_start_offset then
    update postlog.replica p set log_start_offset = in_offset where p.partition_id = in_partition_id;
    log_start_offset := in_offset;
  end if;

  perform postlog.unmap_before_log_start_v1(in_partition_id, log_start_offset);
end
$$;
