-- Notes in-sync replicas that are about to be proposed to the metadata store: from now on both sets count (rule B12). Answers the offset that a
-- joining follower must have reached before the proposal is sent, or null when the partition changed meanwhile or a proposal is under way.
--
-- The offset is at or above every high watermark that anybody was shown, and above where the epoch begins (rule B10). Where this leader is the whole ISR its
-- log's end was the mark, hence the lock: no append is under way while the end is read and written down. It is null too while a member was never heard
-- of, as after a crash of this server, when the mark that stands on disk may be behind what was shown.
create function postlog.propose_isr_v1(
  in_partition_id integer, in_leader_epoch integer, in_partition_epoch integer, in_isr integer[]
) returns bigint
language plpgsql volatile as $$
declare
  r record;
  log_end bigint;
  join_offset bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'propose_isr_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;
  select p.* into r from postlog.replica p where p.partition_id = in_partition_id for no key update;
  if not found or r.role <> 'leader' or r.leader_epoch <> in_leader_epoch or r.partition_epoch <> in_partition_epoch
     or r.pending_isr is not null then
    return null;
  end if;
  log_end := (select e.log_end_offset from postlog.log_ends_v1(array[in_partition_id]) e);
  if in_isr <@ r.isr then
    join_offset := 0; -- Nobody joins.
  else
    select case when bool_and(f.log_end_offset is not null) then least(log_end, min(f.log_end_offset)) end into join_offset
      from unnest(array_remove(r.isr, r.leader_id)) m(broker_id)
      left join postlog.follower_states_v1(in_partition_id, r.leader_epoch, r.isr) f using (broker_id);
    if cardinality(r.isr) = 1 then
      join_offset := log_end;
      update postlog.watermark_checkpoint c set high_watermark = log_end
       where c.partition_id = in_partition_id and c.high_watermark < log_end and r.min_isr <= 1;
    end if;
    if join_offset is null then
      return null;
    end if;
    join_offset := greatest(join_offset, postlog.stored_watermark_v1(in_partition_id), (select e.start_offset from postlog.leader_epoch e
                                           where e.partition_id = in_partition_id and e.leader_epoch = r.leader_epoch));
  end if;
  update postlog.replica p set pending_isr = in_isr where p.partition_id = in_partition_id;
  return join_offset;
end
$$;
