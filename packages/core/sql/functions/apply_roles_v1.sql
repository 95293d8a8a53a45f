-- Makes replicas of this broker what the controller says, each unless a newer leader epoch or partition epoch stands in its row; answers the
-- partitions that changed.
--
-- Each replica row is locked, in ascending order, and its epochs are compared in it. A new leader first writes where its epoch begins (rule C19), then
-- forgets what it knew of followers: members of the ISR count as caught up now. A change of the ISR that was pending is settled by whatever comes.
create function postlog.apply_roles_v1(
  partition_ids integer[],
  leader_ids integer[],
  leader_epochs integer[],
  partition_epochs integer[],
  roles json
) returns setof integer
language plpgsql volatile as $$
declare
  me integer := (select b.broker_id from postlog.broker b);
  stored record;
  wanted json;
  new_isr integer[];
  log_end bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'apply_roles_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  for i in 1 .. cardinality(partition_ids) loop
    if i > 1 and partition_ids[i] <= partition_ids[i - 1] then
      raise exception 'partition ids must ascend' using errcode = 'PL001';
    end if;
    select p.* into stored from postlog.replica p where p.partition_id = partition_ids[i] for no key update;
    continue when not found or stored.leader_epoch > leader_epochs[i]
      or stored.leader_epoch = leader_epochs[i] and stored.partition_epoch >= partition_epochs[i];

    wanted := roles -> (i - 1);
    new_isr := array(select e::integer from json_array_elements_text(wanted -> 'isr') e);
    log_end := (select e.log_end_offset from postlog.log_ends_v1(array[partition_ids[i]]) e);
    if leader_ids[i] = me and stored.leader_epoch < leader_epochs[i] then
      -- An epoch under which nothing was appended gives way, as in src/replication/leader-epochs.ts.
      delete from postlog.leader_epoch e where e.partition_id = partition_ids[i] and e.start_offset >= log_end;
      insert into postlog.leader_epoch (partition_id, leader_epoch, start_offset)
      values (partition_ids[i], leader_epochs[i], log_end);
      delete from postlog.follower_progress f where f.partition_id = partition_ids[i];
      insert into postlog.follower_progress (partition_id, broker_id, broker_epoch, leader_epoch, fetched_at, caught_up_at)
      select partition_ids[i], b, -1, leader_epochs[i], clock_timestamp(), clock_timestamp()
        from unnest(new_isr) b where b <> me;
    elsif leader_ids[i] = me then
      -- Who left the ISR holds the mark back no more until it fetches again and is caught up (rule B13).
      insert into postlog.follower_progress (partition_id, broker_id, broker_epoch, leader_epoch, log_end_offset, fetched_at)
      select partition_ids[i], b, -1, leader_epochs[i],
             (select f.log_end_offset from postlog.follower_progress f
               where f.partition_id = partition_ids[i] and f.broker_id = b order by f.noted desc limit 1), clock_timestamp()
        from unnest(stored.isr) b where not b = any (new_isr);
    end if;
    update postlog.replica p
       set role = case when leader_ids[i] = me then 'leader' else 'follower' end, leader_id = leader_ids[i],
           leader_epoch = leader_epochs[i], partition_epoch = partition_epochs[i], isr = new_isr, pending_isr = null,
           replicas = array(select e::integer from json_array_elements_text(wanted -> 'replicas') e),
           min_isr = (wanted ->> 'minIsr')::integer
     where p.partition_id = partition_ids[i];
    if leader_ids[i] = me then
      -- What a smaller ISR allows must not wait for a follower that has nothing to fetch.
      perform postlog.advance_watermark_v1(partition_ids[i], log_end);
    end if;
    return next partition_ids[i];
  end loop;
end
$$;
