-- Deletes a group without members, with all its offsets, if it is still as it was when it was read; answers whether.
create function postlog.delete_group_v1(in_group_id text, expected_version bigint) returns boolean
language plpgsql volatile as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'delete_group_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  perform from postlog.group_state g where g.group_id = in_group_id and g.version = expected_version for update;
  if not found or exists (select from postlog.group_membership m where m.group_id = in_group_id) then
    return false;
  end if;
  perform from postlog.committed_offset c where c.group_id = in_group_id order by c.partition_id for update;
  delete from postlog.committed_offset c where c.group_id = in_group_id;
  delete from postlog.group_state g where g.group_id = in_group_id;
  return true;
end
$$;
