-- Moves replicas on to a prepared segment; answers how many moved.
--
-- Each replica row is locked and its active segment compared, so a roll that comes late does nothing. Waits at most
-- 50 ms for a lock (55P03: try again later). Refused while an earlier closed segment of the chain has no producer snapshot:
-- append_v1 looks for a producer's last batches in the active segment, one segment before it, and the snapshots.
create function postlog.roll_segment_v1(partition_ids integer[], from_segment_id integer, to_segment_id integer)
returns integer
language plpgsql volatile as $$
declare
  r record;
  tail bigint;
  moved integer := 0;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'roll_segment_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  perform set_config('lock_timeout', '50ms', true);

  update postlog.segment set state = 'open', changed_at = clock_timestamp()
   where segment_id = to_segment_id and state in ('prepared', 'open');
  if not found or exists (
    select from postlog.segment g
      join postlog.segment f on f.segment_id = from_segment_id and g.chain_id = f.chain_id
     where g.segment_id < from_segment_id and g.state in ('open', 'closed') and not g.has_snapshot)
  then
    return 0;
  end if;

  for r in
    select p.partition_id from postlog.replica p
     where p.partition_id = any (partition_ids) and p.active_segment_id = from_segment_id
     order by p.partition_id
  loop
    perform from postlog.replica p
      where p.partition_id = r.partition_id and p.active_segment_id = from_segment_id
        for no key update;
    continue when not found;

    execute format('
      select s.last_offset + 1 from postlog.segment_%s s
       where s.partition_id = $1 order by s.base_offset desc limit 1', from_segment_id) into tail using r.partition_id;
    if tail is null then
      -- Nothing of this partition is in the old segment: the map's last row simply names the new one.
      update postlog.replica_segment m set segment_id = to_segment_id
       where m.partition_id = r.partition_id and m.segment_id = from_segment_id;
    else
      insert into postlog.replica_segment (partition_id, base_offset, segment_id)
      values (r.partition_id, tail, to_segment_id);
    end if;
    update postlog.replica p set active_segment_id = to_segment_id where p.partition_id = r.partition_id;
    moved := moved + 1;
  end loop;
  return moved;
end
$$;
