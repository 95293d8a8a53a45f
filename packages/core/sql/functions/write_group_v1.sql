-- Writes a decision about a group, if the group is still as it was when it was read. Answers null when it is not, else
-- what was committed in the partitions that got an owner: { claimed: [{ partitionId, committedOffset, leaderEpoch, resetEpoch }], logEnd }.
--
-- The compare-and-set is on the group's row, which stays locked to the commit. Ownership goes into the offset rows
-- themselves, where commits compare it: a change waits for a commit that is under way and then answers what it committed.
-- In a cluster `log_batch`, one record with the group as it will be, is appended to the group's log in the same transaction; a broker that does not coordinate the group
-- answers { error }. `logEnd`: what is answered may be told once the high watermark is there.
-- Whoever is removed for silence must still be silent: a heartbeat that came in between, or is under way, wins.
create function postlog.write_group_v1(
  in_group_id text,
  expected_version bigint,
  new_group_epoch integer,
  new_assignment_epoch integer,
  new_metadata_version bigint,
  -- Of a group that does not exist yet.
  new_created_epoch bigint,
  changed_members json,
  removed_members text[],
  silent_members text[],
  -- The member that is being answered, alive unless it is removed; null when nobody reports.
  reporter text,
  partition_ids integer[],
  old_owners text[],
  new_owners text[],
  new_owner_epochs integer[],
  log_partition_id integer default null,
  log_leader_epoch integer default null,
  log_batch bytea default null
) returns json
language plpgsql volatile as $$
declare
  refusal integer := postlog.lock_group_log_v1(log_partition_id, log_leader_epoch);
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'write_group_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  if refusal <> 0 then
    return json_build_object('error', refusal);
  end if;
  if expected_version = 0 then
    insert into postlog.group_state (group_id, offsets_partition_id, version, group_epoch, assignment_epoch, metadata_version, created_epoch)
    values (in_group_id, log_partition_id, 0, 0, 0, 0, new_created_epoch)
    on conflict (group_id) do nothing;
  end if;
  perform from postlog.group_state g where g.group_id = in_group_id and g.version = expected_version for no key update;
  if not found then
    return null;
  elsif exists (select from postlog.group_state g where g.group_id = in_group_id
                   and g.offsets_partition_id is distinct from log_partition_id) then
    return json_build_object('error', 16);
  end if;

  -- The only liveness row to wait for comes first, and the others are taken only if nobody holds them. So heartbeats,
  -- which lock many such rows in any order, and this function never wait for each other in a circle.
  perform from postlog.group_liveness l where l.group_id = in_group_id and l.member_id = reporter for update;
  if cardinality(removed_members) > 0 and (
    with locked as (
      select l.member_id, l.expires_at
        from postlog.group_liveness l
       where l.group_id = in_group_id and l.member_id = any (removed_members)
         for update skip locked
    )
    select count(*) < (select count(*) from postlog.group_liveness l
                        where l.group_id = in_group_id and l.member_id = any (removed_members))
        or bool_or(k.member_id = any (silent_members) and k.expires_at > clock_timestamp())
      from locked k
  ) then
    return null;
  end if;
  delete from postlog.group_liveness l where l.group_id = in_group_id and l.member_id = any (removed_members);
  delete from postlog.group_membership m where m.group_id = in_group_id and m.member_id = any (removed_members);

  insert into postlog.group_membership as m (group_id, member_id, member_epoch, previous_epoch, client_id, host,
                                         group_instance_id, topics, topic_pattern, assignor, session_timeout_ms, rebalance_timeout_ms, target_partitions, revoking_since)
  select in_group_id, j ->> 'memberId', (j ->> 'memberEpoch')::integer, (j ->> 'previousEpoch')::integer,
         j ->> 'clientId', j ->> 'host', j ->> 'groupInstanceId', array(select json_array_elements_text(j -> 'topics')),
         j ->> 'topicPattern', j ->> 'assignor', (j ->> 'sessionTimeoutMs')::integer, (j ->> 'rebalanceTimeoutMs')::integer,
         array(select t::integer from json_array_elements_text(j -> 'target') t),
         case j ->> 'revocation'
           when 'begins' then clock_timestamp()
           when 'goes on' then coalesce((select o.revoking_since from postlog.group_membership o
                                          where o.group_id = in_group_id and o.member_id = j ->> 'memberId'),
                                        clock_timestamp())
         end
    from json_array_elements(changed_members) j
  on conflict (group_id, member_id) do update
     set member_epoch = excluded.member_epoch, previous_epoch = excluded.previous_epoch, client_id = excluded.client_id,
         host = excluded.host, group_instance_id = excluded.group_instance_id, topics = excluded.topics,
         topic_pattern = excluded.topic_pattern, assignor = excluded.assignor, session_timeout_ms = excluded.session_timeout_ms,
         rebalance_timeout_ms = excluded.rebalance_timeout_ms, target_partitions = excluded.target_partitions,
         revoking_since = excluded.revoking_since;

  insert into postlog.group_liveness as l (group_id, member_id, expires_at)
  select in_group_id, m.member_id, clock_timestamp() + m.session_timeout_ms * interval '1 ms'
    from postlog.group_membership m
   where m.group_id = in_group_id and m.member_id = reporter
  on conflict (group_id, member_id) do update set expires_at = excluded.expires_at;

  -- In the order in which commits lock. Whoever else inserts offset rows of this group locks the group's row first.
  perform from postlog.committed_offset c
    where c.group_id = in_group_id and c.partition_id = any (partition_ids)
    order by c.partition_id
      for no key update;
  update postlog.committed_offset c
     set owner_member_id = o.new_owner, owner_epoch = o.new_owner_epoch
    from unnest(partition_ids, old_owners, new_owners, new_owner_epochs) o(partition_id, old_owner, new_owner, new_owner_epoch)
   where c.group_id = in_group_id and c.partition_id = o.partition_id and c.owner_member_id is not distinct from o.old_owner;
  insert into postlog.committed_offset (group_id, partition_id, owner_member_id, owner_epoch)
  select in_group_id, o.partition_id, o.new_owner, o.new_owner_epoch
    from unnest(partition_ids, new_owners, new_owner_epochs) o(partition_id, new_owner, new_owner_epoch)
    join postlog.topic_partition r using (partition_id)
   where o.new_owner is not null
  on conflict (group_id, partition_id) do nothing;
  if exists (
    select from postlog.committed_offset c
      join unnest(partition_ids, new_owners) o(partition_id, new_owner) using (partition_id)
     where c.group_id = in_group_id and c.owner_member_id is distinct from o.new_owner
  ) then
    raise exception 'a partition of % changed its owner without its group', in_group_id using errcode = 'PL001';
  end if;

  update postlog.group_state g
     set version = expected_version + 1, group_epoch = new_group_epoch, assignment_epoch = new_assignment_epoch,
         metadata_version = new_metadata_version, changed_at = clock_timestamp(),
         revoke_by = (select min(m.revoking_since + m.rebalance_timeout_ms * interval '1 ms')
                        from postlog.group_membership m
                       where m.group_id = in_group_id)
   where g.group_id = in_group_id;

  return json_build_object('logEnd', postlog.append_group_log_v1(log_partition_id, log_leader_epoch, log_batch)::text, 'claimed', (
    select coalesce(json_agg(json_build_object('partitionId', c.partition_id, 'committedOffset', c.committed_offset::text,
                                               'leaderEpoch', c.leader_epoch, 'resetEpoch', greatest(g.created_epoch, c.reset_epoch))), '[]')
      from postlog.committed_offset c
      join postlog.group_state g using (group_id)
     where c.group_id = in_group_id and c.partition_id = any (partition_ids) and c.owner_member_id is not null));
end
$$;
