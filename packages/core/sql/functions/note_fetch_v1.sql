-- Notes how far a follower is in each of the partitions that it follows here, and answers what it needs to go on: an error, where the logs
-- part (rule C22), or where the leader's log begins, ends and is on all in-sync replicas.
--
-- Its fetch offset says that it holds everything before it, committed (rule B6); a fetch under another leader epoch, or from where the
-- logs differ, says nothing. Arrays run in parallel, in ascending order of partition id. Nothing is written for a
-- follower that stands at the leader's end as before; that it was caught up then is noted once for all that it follows here, when these are
-- all (`is_whole`). Soft state all of it, so this commit does not wait for the disk. Whoever waits for a mark that moved is told where it is, as this
-- commits: on `wake_up_channel`, from `sender` (null: nobody is told), `partition/leader epoch/high watermark`.
create function postlog.note_fetch_v1(
  in_broker_id integer,
  in_broker_epoch integer,
  partition_ids integer[],
  leader_epochs integer[],
  fetch_offsets bigint[],
  last_epochs integer[],
  is_whole boolean,
  wake_up_channel text,
  sender text
) returns table (
  partition_id integer, error_code integer, diverging_epoch integer, diverging_end bigint,
  log_start_offset bigint, log_end_offset bigint, high_watermark bigint, has_advanced boolean
)
language plpgsql volatile
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
  q record;
  p record;
  me record;
  asked_at timestamptz := clock_timestamp();
  fetched_before timestamptz;
  advanced text[] := '{}';
  news text;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'note_fetch_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  perform set_config('synchronous_commit', 'off', true);
  fetched_before := (select max(f.fetched_at) from postlog.follower_fetch f where f.broker_id = in_broker_id);
  select b.broker_id, b.lead_until into me from postlog.broker b;

  for q in
    select a.partition_id, a.leader_epoch as asked_epoch, a.fetch_offset, a.last_epoch, r.role, r.leader_epoch, r.replicas,
           r.log_start_offset, r.log_end_offset,
           postlog.high_watermark_v1(r.partition_id, r.role, r.leader_epoch, r.log_end_offset, me.broker_id,
                                     r.replicas, r.isr, r.pending_isr, r.min_isr) as high_watermark
      from unnest(partition_ids, leader_epochs, fetch_offsets, last_epochs) a(partition_id, leader_epoch, fetch_offset, last_epoch)
      left join lateral (
        select t.*, postlog.log_end_v1(t.partition_id, t.active_segment_id) as log_end_offset
          from postlog.replica t where t.partition_id = a.partition_id offset 0) r on true
     order by a.partition_id
  loop
    partition_id := q.partition_id;
    log_start_offset := q.log_start_offset;
    log_end_offset := q.log_end_offset;
    high_watermark := q.high_watermark;
    diverging_epoch := null;
    diverging_end := null;
    has_advanced := false;
    error_code := case
      when q.log_end_offset is null then 3
      when q.role <> 'leader' or me.lead_until <= asked_at then 6
      when q.asked_epoch < q.leader_epoch then 74
      when q.asked_epoch > q.leader_epoch then 75
      when not in_broker_id = any (q.replicas) then 3
      else 0
    end;
    -- The present epoch ends at the log's end, and has a line since before it began.
    if error_code = 0 and q.last_epoch >= 0 and not (q.last_epoch = q.leader_epoch and q.fetch_offset <= q.log_end_offset) then
      select e.known_epoch, e.end_offset into diverging_epoch, diverging_end
        from postlog.end_of_epoch_v1(q.partition_id, q.last_epoch, q.log_end_offset) e;
      if diverging_epoch >= q.last_epoch and diverging_end >= q.fetch_offset then
        diverging_epoch := null;
        diverging_end := null;
      end if;
    end if;
    if error_code = 0 and diverging_epoch is null and (q.fetch_offset < q.log_start_offset or q.fetch_offset > q.log_end_offset) then
      error_code := 1;
    end if;
    if error_code <> 0 or diverging_epoch is not null then
      return next;
      continue;
    end if;

    select f.* into p
      from postlog.follower_progress f
     where f.partition_id = q.partition_id and f.broker_id = in_broker_id
     order by f.noted desc
     limit 1;
    if not found or p.leader_epoch <> q.leader_epoch or p.broker_epoch is distinct from in_broker_epoch
       or p.log_end_offset is distinct from q.fetch_offset or p.leader_end_offset is distinct from q.log_end_offset then
      insert into postlog.follower_progress (partition_id, broker_id, broker_epoch, leader_epoch, log_end_offset,
                                             leader_end_offset, fetched_at, caught_up_at)
      values (q.partition_id, in_broker_id, in_broker_epoch, q.leader_epoch, q.fetch_offset, q.log_end_offset, asked_at,
              case
                when q.fetch_offset >= q.log_end_offset then asked_at
                when p.leader_epoch is distinct from q.leader_epoch then null
                -- At the leader's end as it was at the fetch before this one; that may have left no line of its own.
                when q.fetch_offset >= p.leader_end_offset then
                  case when p.log_end_offset >= p.leader_end_offset then greatest(p.fetched_at, fetched_before) else p.fetched_at end
                else p.caught_up_at
              end);
      if q.fetch_offset > q.high_watermark then
        select m.has_advanced, greatest(q.high_watermark, m.high_watermark) into has_advanced, high_watermark
          from postlog.advance_watermark_v1(q.partition_id, q.log_end_offset) m;
        if has_advanced then
          advanced := advanced || format('%s/%s/%s', q.partition_id, q.leader_epoch, high_watermark);
        end if;
      end if;
    end if;
    return next;
  end loop;

  if sender is not null and cardinality(advanced) > 0 then
    news := array_to_string(advanced, ',');
    -- A notification is short; where there is more to say than fits, look everywhere.
    perform pg_notify(wake_up_channel, sender || ':' || case when length(news) > 7900 then '*' else news end);
  end if;
  if is_whole and (fetched_before is null or fetched_before < asked_at - interval '100 ms') then
    insert into postlog.follower_fetch (broker_id, fetched_at) values (in_broker_id, asked_at) on conflict do nothing;
  end if;
end
$$;
