-- Makes a member the one who may commit for its group in a partition, and answers where the group goes on.
--
-- A member whose place in the group is older than the claim's is refused (110). Where the group's committed offset was set by something else than
-- claims since (`in_reset_epoch`), that is where the group goes on, else where the claim's newest mark is. A member that holds the claim
-- already gets it again under the same epoch: what it began is still its own. Waits a second at most for a transaction that is being
-- committed (SQLSTATE 55P03).
create function postlog.take_over_claim_v1(
  in_group_id text,
  in_partition_id integer,
  in_member_id text,
  in_owner_epoch integer,
  in_reset_epoch bigint,
  in_committed_offset bigint,
  in_leader_epoch integer
) returns table (error_code integer, claim_id integer, claim_epoch integer, mark bigint, next_offset bigint, leader_epoch integer)
language plpgsql volatile
as $$
declare
  held postlog.claim;
  is_reset boolean;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'take_over_claim_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;
  perform set_config('lock_timeout', '1000', true);

  insert into postlog.claim as c (group_id, partition_id, claim_epoch, owner_member_id, owner_epoch, reset_epoch)
  values (in_group_id, in_partition_id, 0, in_member_id, in_owner_epoch, -1)
  on conflict (group_id, partition_id) do nothing;
  select c.* into held from postlog.claim c where c.group_id = in_group_id and c.partition_id = in_partition_id for no key update;

  is_reset := in_reset_epoch > held.reset_epoch;
  if in_reset_epoch < held.reset_epoch
     or not is_reset and in_owner_epoch < held.owner_epoch
     or not is_reset and in_owner_epoch = held.owner_epoch and in_member_id <> held.owner_member_id then
    error_code := 110;
    return next;
    return;
  end if;

  error_code := 0;
  claim_id := held.claim_id;
  claim_epoch := held.claim_epoch;
  if is_reset or in_owner_epoch <> held.owner_epoch then
    claim_epoch := held.claim_epoch + 1;
    update postlog.claim c
       set claim_epoch = held.claim_epoch + 1, owner_member_id = in_member_id, owner_epoch = in_owner_epoch, reset_epoch = in_reset_epoch
     where c.claim_id = held.claim_id;
  end if;

  select o.mark, o.next_offset, o.leader_epoch into mark, next_offset, leader_epoch
    from postlog.claimed_offset o where o.claim_id = held.claim_id order by o.mark desc limit 1;
  if is_reset then
    mark := coalesce(mark, 0) + 1;
    next_offset := in_committed_offset;
    leader_epoch := in_leader_epoch;
    insert into postlog.claimed_offset (claim_id, mark, next_offset, leader_epoch) values (held.claim_id, mark, next_offset, leader_epoch);
  end if;
  return next;
end
$$;
