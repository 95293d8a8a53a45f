-- Takes a record out of the parking table, or, with attempts, notes that it failed again and when it is next; answers an error code.
--
-- For the owner of its partition only, compared as in park_record_v1: 110 when that is another by now.
create function postlog.settle_parked_v1(
  in_group_id text,
  in_member_id text,
  in_partition_id integer,
  in_owner_epoch integer,
  in_offset bigint,
  in_attempts integer default null,
  in_error_name text default null,
  in_error_message text default null,
  delay_ms double precision default null
) returns integer
language plpgsql volatile
as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'settle_parked_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  perform from postlog.committed_offset c
   where c.group_id = in_group_id and c.partition_id = in_partition_id
     and c.owner_member_id = in_member_id and c.owner_epoch = in_owner_epoch
     for no key update;
  if not found then
    return 110;
  end if;
  if in_attempts is null then
    delete from postlog.parked_record p
     where p.group_id = in_group_id and p.partition_id = in_partition_id and p.record_offset = in_offset;
  else
    update postlog.parked_record p
       set attempts = in_attempts, error_name = in_error_name, error_message = in_error_message,
           retry_at = clock_timestamp() + delay_ms * interval '1 ms'
     where p.group_id = in_group_id and p.partition_id = in_partition_id and p.record_offset = in_offset;
  end if;
  return 0;
end
$$;
