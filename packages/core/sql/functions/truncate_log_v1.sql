-- Drops a follower's records from an offset on, or all of them when the log begins anew there (rules C22, C23), and what was derived from them:
-- epochs, producers' last batches, the high watermark. Answers an error code, 1 where the log is not the one any more that the leader was asked
-- about: it ended there, with a record of that epoch (-1: with none). An order to cut that comes late, or from a process that was replaced, would
-- else drop records that the follower has copied and acknowledged since, under the same leader epoch.
--
-- Truncation is rare and its rows few, so here alone records are deleted. A batch that the offset falls into goes as a whole.
create function postlog.truncate_log_v1(
  in_partition_id integer, in_leader_epoch integer, in_log_end bigint, in_last_epoch integer, in_offset bigint, begins_anew boolean,
  out error_code integer, out log_end_offset bigint
)
language plpgsql volatile as $$
declare
  r record;
  segment_to_cut integer;
  tail bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'truncate_log_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;
  select p.role, p.leader_epoch, p.active_segment_id into r
    from postlog.replica p where p.partition_id = in_partition_id for no key update;
  error_code := case
    when not found then 3
    when r.role <> 'follower' then 6
    when r.leader_epoch > in_leader_epoch then 74
    when r.leader_epoch < in_leader_epoch then 75
    when in_log_end <> (select e.log_end_offset from postlog.log_ends_v1(array[in_partition_id]) e) then 1
    when in_last_epoch <> coalesce((select max(e.leader_epoch) from postlog.leader_epoch e
                                     where e.partition_id = in_partition_id and e.start_offset < in_log_end), -1) then 1
    else 0
  end;
  if error_code <> 0 then
    return;
  end if;

  for segment_to_cut in
    select m.segment_id from postlog.replica_segment m where m.partition_id = in_partition_id order by m.base_offset desc
  loop
    execute format('delete from postlog.segment_%s s where s.partition_id = $1 and (s.last_offset >= $2 or $3)', segment_to_cut)
      using in_partition_id, in_offset, begins_anew;
    if tail is null and not begins_anew then
      execute format('
        select s.last_offset + 1 from postlog.segment_%s s where s.partition_id = $1 order by s.base_offset desc limit 1', segment_to_cut)
        into tail using in_partition_id;
    end if;
  end loop;
  log_end_offset := case when begins_anew then in_offset else coalesce(tail, (
    select min(m.base_offset) from postlog.replica_segment m where m.partition_id = in_partition_id)) end;

  delete from postlog.replica_segment m
   where m.partition_id = in_partition_id
     and (begins_anew or m.base_offset > log_end_offset
          or m.base_offset = log_end_offset and m.segment_id <> r.active_segment_id);
  insert into postlog.replica_segment (partition_id, base_offset, segment_id)
  select in_partition_id, log_end_offset, r.active_segment_id
   where not exists (select from postlog.replica_segment m
                      where m.partition_id = in_partition_id and m.segment_id = r.active_segment_id);
  delete from postlog.leader_epoch e
   where e.partition_id = in_partition_id and (begins_anew or e.start_offset >= log_end_offset);
  perform postlog.rebuild_producer_snapshots_v1(in_partition_id, log_end_offset, begins_anew);
  -- Below the mark only what an unclean election gave up is dropped.
  delete from postlog.soft_watermark w where w.partition_id = in_partition_id and w.high_watermark > log_end_offset;
  update postlog.watermark_checkpoint c set high_watermark = log_end_offset
   where c.partition_id = in_partition_id and (c.high_watermark > log_end_offset or begins_anew);
  update postlog.replica p
     set log_start_offset = case when begins_anew then in_offset else least(p.log_start_offset, log_end_offset) end
   where p.partition_id = in_partition_id and (begins_anew or p.log_start_offset > log_end_offset);
end
$$;
