-- Writes a decision about a group, if the group is still as it was when it was read; answers whether it is written.
--
-- The compare-and-set is on the group's row, which stays locked to the commit. `members` are all members there are now.
-- Ownership changes go into the offset rows themselves, where commits compare them: a change waits for a commit that is
-- under way and then shows what it committed.
create function postlog.write_group_v1(
  in_group_id text,
  expected_version bigint,
  new_group_epoch integer,
  new_assignment_epoch integer,
  new_metadata_version bigint,
  members json,
  -- The member that is being answered: it is alive now.
  alive_member_id text,
  partition_ids integer[],
  new_owners text[],
  new_owner_epochs integer[]
) returns boolean
language plpgsql volatile as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'write_group_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  if expected_version = 0 then
    insert into postlog.consumer_group (group_id, version, group_epoch, assignment_epoch, metadata_version)
    values (in_group_id, 1, new_group_epoch, new_assignment_epoch, new_metadata_version)
    on conflict (group_id) do nothing;
  else
    update postlog.consumer_group
       set version = version + 1, group_epoch = new_group_epoch, assignment_epoch = new_assignment_epoch,
           metadata_version = new_metadata_version, changed_at = clock_timestamp()
     where group_id = in_group_id and version = expected_version;
  end if;
  if not found then
    return false;
  end if;

  delete from postlog.group_member m
   where m.group_id = in_group_id
     and not exists (select from json_array_elements(members) j where j ->> 'memberId' = m.member_id);
  delete from postlog.group_liveness l
   where l.group_id = in_group_id
     and not exists (select from json_array_elements(members) j where j ->> 'memberId' = l.member_id);

  insert into postlog.group_member as m (group_id, member_id, member_epoch, previous_epoch, client_id, host, topics,
                                         session_timeout_ms, rebalance_timeout_ms, target_partitions, revoking_since)
  select in_group_id, j.member_id, j.member_epoch, j.previous_epoch, j.client_id, j.host, j.topics,
         j.session_timeout_ms, j.rebalance_timeout_ms, j.target_partitions,
         case when j.is_revoking then clock_timestamp() end
    from json_array_elements(members) e,
         lateral (select e ->> 'memberId' as member_id,
                         (e ->> 'memberEpoch')::integer as member_epoch,
                         (e ->> 'previousEpoch')::integer as previous_epoch,
                         e ->> 'clientId' as client_id,
                         e ->> 'host' as host,
                         array(select json_array_elements_text(e -> 'topics')) as topics,
                         (e ->> 'sessionTimeoutMs')::integer as session_timeout_ms,
                         (e ->> 'rebalanceTimeoutMs')::integer as rebalance_timeout_ms,
                         array(select t::integer from json_array_elements_text(e -> 'target') t) as target_partitions,
                         (e ->> 'isRevoking')::boolean as is_revoking) j
  on conflict (group_id, member_id) do update
     set member_epoch = excluded.member_epoch, previous_epoch = excluded.previous_epoch, client_id = excluded.client_id,
         host = excluded.host, topics = excluded.topics, session_timeout_ms = excluded.session_timeout_ms,
         rebalance_timeout_ms = excluded.rebalance_timeout_ms, target_partitions = excluded.target_partitions,
         revoking_since = case when excluded.revoking_since is not null then coalesce(m.revoking_since, excluded.revoking_since) end;

  insert into postlog.group_liveness as l (group_id, member_id, expires_at)
  select in_group_id, m.member_id, clock_timestamp() + m.session_timeout_ms * interval '1 ms'
    from postlog.group_member m
   where m.group_id = in_group_id and m.member_id = alive_member_id
  on conflict (group_id, member_id) do update set expires_at = excluded.expires_at;

  insert into postlog.committed_offset as c (group_id, partition_id, owner_member_id, owner_epoch)
  select in_group_id, o.partition_id, o.new_owner, o.new_owner_epoch
    from unnest(partition_ids, new_owners, new_owner_epochs) o(partition_id, new_owner, new_owner_epoch)
   order by o.partition_id
  on conflict (group_id, partition_id) do update
     set owner_member_id = excluded.owner_member_id, owner_epoch = excluded.owner_epoch;
  return true;
end
$$;
