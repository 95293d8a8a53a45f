-- Deletes a group without members, with all its offsets, if it is still as it was when it was read; answers { isDeleted },
-- or { error } when this broker does not coordinate the group. In a cluster `log_batch` says so in the group's log.
create function postlog.delete_group_v1(
  in_group_id text, expected_version bigint,
  log_partition_id integer default null, log_leader_epoch integer default null, log_batch bytea default null
) returns json
language plpgsql volatile as $$
declare
  refusal integer := postlog.lock_group_log_v1(log_partition_id, log_leader_epoch);
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'delete_group_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  if refusal <> 0 then
    return json_build_object('error', refusal);
  end if;
  perform from postlog.group_state g where g.group_id = in_group_id and g.version = expected_version for update;
  if not found or exists (select from postlog.group_membership m where m.group_id = in_group_id) then
    return json_build_object('isDeleted', false);
  end if;
  perform from postlog.committed_offset c where c.group_id = in_group_id order by c.partition_id for update;
  delete from postlog.committed_offset c where c.group_id = in_group_id;
  delete from postlog.parked_record p where p.group_id = in_group_id;
  delete from postlog.group_state g where g.group_id = in_group_id;
  return json_build_object('isDeleted', true, 'logEnd', postlog.append_group_log_v1(log_partition_id, log_leader_epoch, log_batch)::text);
end
$$;
