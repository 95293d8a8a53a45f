-- Puts a record into the parking table, for the owner of its partition only; answers an error code.
--
-- The row that says who owns the partition is locked and compared, as a commit does: 110 when it is another's by now. -102 when `max_parked` records
-- of the partition wait already. A record that is there already stays as it is.
create function postlog.park_record_v1(
  in_group_id text,
  in_member_id text,
  in_partition_id integer,
  in_owner_epoch integer,
  in_offset bigint,
  in_key bytea,
  in_batch bytea,
  in_attempts integer,
  in_error_name text,
  in_error_message text,
  in_handler_id text,
  delay_ms double precision,
  max_parked integer
) returns integer
language plpgsql volatile
as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'park_record_v1 runs under read committed only' using errcode = 'PL002';
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
  if exists (select from postlog.parked_record p
              where p.group_id = in_group_id and p.partition_id = in_partition_id and p.record_offset = in_offset) then
    return 0;
  end if;
  if (select count(*) from postlog.parked_record p where p.group_id = in_group_id and p.partition_id = in_partition_id) >= max_parked then
    return -102;
  end if;
  insert into postlog.parked_record (group_id, partition_id, record_offset, record_key, batch, attempts, error_name, error_message, handler_id, retry_at)
  values (in_group_id, in_partition_id, in_offset, in_key, in_batch, in_attempts, in_error_name, in_error_message, in_handler_id,
          clock_timestamp() + delay_ms * interval '1 ms');
  return 0;
end
$$;
