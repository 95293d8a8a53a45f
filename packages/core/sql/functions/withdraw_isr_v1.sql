-- Takes back a proposal that was never sent to the metadata store; answers whether it was still the one.
create function postlog.withdraw_isr_v1(in_partition_id integer, in_leader_epoch integer, in_partition_epoch integer, in_isr integer[])
returns boolean
language plpgsql volatile as $$
begin
  update postlog.replica p set pending_isr = null
   where p.partition_id = in_partition_id and p.role = 'leader' and p.leader_epoch = in_leader_epoch
     and p.partition_epoch = in_partition_epoch and p.pending_isr = in_isr;
  return found;
end
$$;
