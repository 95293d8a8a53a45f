-- Appends a batch of one record to a group's log, which the caller has locked; answers the new log end, or null where there is no log.
create function postlog.append_group_log_v1(in_partition_id integer, in_leader_epoch integer, batch bytea) returns bigint
language plpgsql volatile as $$
declare
  appended record;
begin
  if in_partition_id is null then
    return null;
  end if;
  execute format('select * from postlog.append_to_segment_%s($1, $2, 1, $3, -1, -1, -1, $4)',
                 (select r.active_segment_id from postlog.replica r where r.partition_id = in_partition_id))
    into appended
    using in_partition_id, in_leader_epoch, (extract(epoch from clock_timestamp()) * 1000)::bigint, batch;
  return appended.base_offset + 1;
end
$$;
