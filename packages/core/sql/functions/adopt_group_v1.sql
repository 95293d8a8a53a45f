-- Takes a group that this broker kept while it was alone into the log of its partition of __consumer_offsets, if the group and its offsets are still as they were read;
-- answers whether. From then on the group is the cluster's: who writes without its log is refused.
create function postlog.adopt_group_v1(
  in_group_id text,
  expected_version bigint,
  expected_partitions integer[],
  expected_offsets bigint[],
  log_partition_id integer,
  log_leader_epoch integer,
  log_sizes integer[],
  log_batches bytea
) returns boolean
language plpgsql volatile as $$
declare
  log_position integer := 1;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'adopt_group_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;
  if postlog.lock_group_log_v1(log_partition_id, log_leader_epoch) <> 0 then
    return false;
  end if;
  perform from postlog.group_state g
    where g.group_id = in_group_id and g.version = expected_version and g.offsets_partition_id is null
      for no key update;
  if not found then
    return false;
  end if;
  perform from postlog.committed_offset c where c.group_id = in_group_id order by c.partition_id for no key update;
  if exists (
    select from (select c.partition_id, c.committed_offset from postlog.committed_offset c
                  where c.group_id = in_group_id and c.committed_offset is not null) c
      full join unnest(expected_partitions, expected_offsets) e(partition_id, committed_offset) using (partition_id)
     where c.committed_offset is distinct from e.committed_offset)
  then
    return false;
  end if;
  update postlog.group_state g set offsets_partition_id = log_partition_id where g.group_id = in_group_id;
  for i in 1 .. cardinality(log_sizes) loop
    perform postlog.append_group_log_v1(log_partition_id, log_leader_epoch, substring(log_batches from log_position for log_sizes[i]));
    log_position := log_position + log_sizes[i];
  end loop;
  return true;
end
$$;
