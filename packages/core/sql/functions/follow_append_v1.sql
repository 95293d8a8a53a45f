-- Appends what a follower fetched from its leader: the same batches at the same offsets, at the follower's own log end (rule B7).
--
-- `partition_ids` ascend, with the epoch under which the broker follows, the leader's high watermark and log start, and how many batches belong to
-- each; the batches' columns run in parallel in that order, their bytes one after another. The replica row's lock is the fence: role and leader
-- epoch are compared in it. Answers an error code for each partition, 1 where batches do not begin at the log end.
create function postlog.follow_append_v1(
  partition_ids integer[],
  leader_epochs integer[],
  leader_watermarks bigint[],
  leader_log_starts bigint[],
  batch_counts integer[],
  base_offsets bigint[],
  last_offsets bigint[],
  batch_epochs integer[],
  max_timestamps bigint[],
  producer_ids bigint[],
  producer_epochs integer[],
  base_sequences bigint[],
  sizes integer[],
  batches bytea
) returns table (partition_id integer, error_code integer)
language plpgsql volatile
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  r record;
  newest record;
  log_end bigint;
  first integer := 1;
  first_byte integer := 1;
  after integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'follow_append_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if cardinality(base_offsets) = 0 then
    perform set_config('synchronous_commit', 'off', true); -- Only a mark moves, and that may be lost.
  elsif current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  for i in 1 .. cardinality(partition_ids) loop
    if i > 1 and partition_ids[i] <= partition_ids[i - 1] then
      raise exception 'partition ids must ascend' using errcode = 'PL001';
    end if;
    partition_id := partition_ids[i];
    after := first + batch_counts[i];
    select p.role, p.leader_epoch, p.active_segment_id, p.log_start_offset into r
      from postlog.replica p where p.partition_id = partition_ids[i] for no key update;
    error_code := case
      when not found then 3
      when r.role <> 'follower' then 6
      when r.leader_epoch > leader_epochs[i] then 74
      when r.leader_epoch < leader_epochs[i] then 75
      else 0
    end;
    if error_code = 0 then
      log_end := postlog.log_end_v1(partition_ids[i], r.active_segment_id);
      for b in first .. after - 1 loop
        if base_offsets[b] <> (case when b = first then log_end else last_offsets[b - 1] + 1 end) then
          error_code := 1;
        end if;
      end loop;
    end if;
    if error_code = 0 then
      if after > first then
        execute format('select postlog.follow_in_segment_%s($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', r.active_segment_id)
          using partition_ids[i], base_offsets[first : after - 1], last_offsets[first : after - 1], batch_epochs[first : after - 1],
                max_timestamps[first : after - 1], producer_ids[first : after - 1], base_sequences[first : after - 1],
                producer_epochs[first : after - 1], sizes[first : after - 1], batches, first_byte;
        -- Where epochs begin in this log (rule C18), learned from the records themselves. One that began at the old end without any, when this
        -- broker led, gives way: it would say that records of an earlier epoch end before them. Nothing is to be learned from more of the newest epoch.
        select e.leader_epoch, e.start_offset into newest
          from postlog.leader_epoch e where e.partition_id = partition_ids[i] order by e.leader_epoch desc limit 1;
        if not found or newest.start_offset >= log_end or not newest.leader_epoch = all (batch_epochs[first : after - 1]) then
          delete from postlog.leader_epoch e where e.partition_id = partition_ids[i] and e.start_offset >= log_end;
          insert into postlog.leader_epoch (partition_id, leader_epoch, start_offset)
          select partition_ids[i], b.leader_epoch, min(b.base_offset)
            from unnest(batch_epochs[first : after - 1], base_offsets[first : after - 1]) b(leader_epoch, base_offset)
           group by b.leader_epoch
          on conflict do nothing;
        end if;
        log_end := last_offsets[after - 1] + 1;
      end if;
      if least(leader_watermarks[i], log_end) > postlog.stored_watermark_v1(partition_ids[i]) then
        insert into postlog.soft_watermark (partition_id, high_watermark)
        values (partition_ids[i], least(leader_watermarks[i], log_end)) on conflict do nothing;
      end if;
      if leader_log_starts[i] > r.log_start_offset and leader_log_starts[i] <= log_end then
        update postlog.replica p set log_start_offset = leader_log_starts[i] where p.partition_id = partition_ids[i];
        perform postlog.unmap_before_log_start_v1(partition_ids[i], leader_log_starts[i]);
      end if;
    end if;
    for b in first .. after - 1 loop
      first_byte := first_byte + sizes[b];
    end loop;
    first := after;
    return next;
  end loop;
end
$$;
