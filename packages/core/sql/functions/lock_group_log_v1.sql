-- Locks a group's log for a change of the group, before any row of the group's is locked, and answers why it must not be changed here, or 0. Without a log,
-- where one broker is alone, there is nothing to lock.
create function postlog.lock_group_log_v1(in_partition_id integer, in_leader_epoch integer) returns integer
language plpgsql volatile as $$
begin
  if in_partition_id is null then
    return 0;
  end if;
  perform from postlog.replica r where r.partition_id = in_partition_id for no key update;
  return postlog.group_log_refusal_v1(in_partition_id, in_leader_epoch);
end
$$;
