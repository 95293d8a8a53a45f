-- Replaces what these tables say of the groups of a partition of __consumer_offsets by what its log says, once for each reign of this broker; answers an error code, or 0.
--
-- The replica row is locked: no change of a group is under way, and the log still ends where it was read to (else 14: read on). Sessions begin anew, so
-- that members have time to find their new coordinator.
create function postlog.load_groups_v1(in_partition_id integer, in_leader_epoch integer, in_log_end bigint, groups json, offsets json)
returns integer
language plpgsql volatile as $$
declare
  refusal integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'load_groups_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;
  refusal := postlog.lock_group_log_v1(in_partition_id, in_leader_epoch);
  if refusal <> 14 then
    return refusal;
  elsif (select e.log_end_offset from postlog.log_ends_v1(array[in_partition_id]) e) <> in_log_end then
    return 14;
  end if;

  delete from postlog.group_liveness l using postlog.group_state g
   where g.offsets_partition_id = in_partition_id and l.group_id = g.group_id;
  delete from postlog.group_membership m using postlog.group_state g
   where g.offsets_partition_id = in_partition_id and m.group_id = g.group_id;
  delete from postlog.committed_offset c using postlog.group_state g
   where g.offsets_partition_id = in_partition_id and c.group_id = g.group_id;
  delete from postlog.group_state g where g.offsets_partition_id = in_partition_id;

  insert into postlog.group_state (group_id, offsets_partition_id, version, group_epoch, assignment_epoch, metadata_version, changed_at, created_epoch)
  select j ->> 'groupId', in_partition_id, (j ->> 'version')::bigint, (j ->> 'groupEpoch')::integer, (j ->> 'assignmentEpoch')::integer,
         -- Computed for topics as another broker counts them: looked at once more.
         -1, to_timestamp((j ->> 'changedAt')::float8 / 1000), (j ->> 'createdEpoch')::bigint
    from json_array_elements(groups) j
  on conflict (group_id) do update
     set offsets_partition_id = excluded.offsets_partition_id, version = excluded.version, group_epoch = excluded.group_epoch,
         assignment_epoch = excluded.assignment_epoch, metadata_version = -1, changed_at = excluded.changed_at, created_epoch = excluded.created_epoch;
  insert into postlog.group_membership (group_id, member_id, member_epoch, previous_epoch, client_id, host, group_instance_id, topics,
                                        topic_pattern, assignor, session_timeout_ms, rebalance_timeout_ms, target_partitions, revoking_since)
  select j ->> 'groupId', m ->> 'memberId', (m ->> 'memberEpoch')::integer, (m ->> 'previousEpoch')::integer, m ->> 'clientId', m ->> 'host',
         m ->> 'groupInstanceId', array(select json_array_elements_text(m -> 'topics')), m ->> 'topicPattern', m ->> 'assignor',
         (m ->> 'sessionTimeoutMs')::integer, (m ->> 'rebalanceTimeoutMs')::integer,
         array(select t::integer from json_array_elements_text(m -> 'target') t), null
    from json_array_elements(groups) j, json_array_elements(j -> 'members') m;
  insert into postlog.group_liveness (group_id, member_id, expires_at)
  select m.group_id, m.member_id, clock_timestamp() + m.session_timeout_ms * interval '1 ms'
    from postlog.group_membership m join postlog.group_state g using (group_id)
   where g.offsets_partition_id = in_partition_id;
  insert into postlog.committed_offset (group_id, partition_id, committed_offset, leader_epoch, metadata, committed_at, reset_epoch)
  select o ->> 'groupId', (o ->> 'partitionId')::integer, (o ->> 'offset')::bigint, (o ->> 'leaderEpoch')::integer, o ->> 'metadata',
         to_timestamp((o ->> 'committedAt')::float8 / 1000), (o ->> 'resetEpoch')::bigint
    from json_array_elements(offsets) o
    join postlog.topic_partition p on p.partition_id = (o ->> 'partitionId')::integer;
  insert into postlog.committed_offset as c (group_id, partition_id, owner_member_id, owner_epoch)
  select j ->> 'groupId', (w ->> 'partitionId')::integer, w ->> 'owner', (w ->> 'ownerEpoch')::integer
    from json_array_elements(groups) j, json_array_elements(j -> 'owned') w
    join postlog.topic_partition p on p.partition_id = (w ->> 'partitionId')::integer
  on conflict (group_id, partition_id) do update set owner_member_id = excluded.owner_member_id, owner_epoch = excluded.owner_epoch;
  insert into postlog.group_log_load as l (partition_id, leader_epoch) values (in_partition_id, in_leader_epoch)
  on conflict (partition_id) do update set leader_epoch = excluded.leader_epoch;
  return 0;
end
$$;
