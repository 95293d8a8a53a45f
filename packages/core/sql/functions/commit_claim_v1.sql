-- The last statement of a handler's transaction: where its group goes on when it commits.
--
-- The claim's row is locked up to the commit and its epoch compared in it (SQLSTATE PL006: another member took over). The newest mark must be the one
-- that the transaction began at (PL007): of a transaction and its repetition, after a commit whose answer was lost, one takes effect. Under repeatable
-- read and serializable a mark that the snapshot does not show is met by the primary key, or by 40001. Either ends the transaction. A trace that an
-- earlier statement left is demanded where nothing else proves that the connection is in that transaction still (PL008).
create function postlog.commit_claim_v1(in_claim_id integer, in_claim_epoch integer, in_mark bigint, in_next_offset bigint, in_leader_epoch integer,
                                in_trace text default null)
returns void
language plpgsql volatile
as $$
declare
  newest bigint;
begin
  -- What is committed to the cluster follows, and must not be ahead of what a crash leaves here.
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;
  if in_trace is not null and current_setting('postlog.transaction', true) is distinct from in_trace then
    raise exception 'this is no part of the transaction' using errcode = 'PL008';
  end if;
  perform 1 from postlog.claim c where c.claim_id = in_claim_id and c.claim_epoch = in_claim_epoch for no key update;
  if not found then
    raise exception 'another member has taken the partition over' using errcode = 'PL006';
  end if;
  select o.mark into newest from postlog.claimed_offset o where o.claim_id = in_claim_id order by o.mark desc limit 1;
  if newest is distinct from in_mark then
    raise exception 'the group went on from mark % to %', in_mark, newest using errcode = 'PL007';
  end if;
  insert into postlog.claimed_offset (claim_id, mark, next_offset, leader_epoch) values (in_claim_id, in_mark + 1, in_next_offset, in_leader_epoch);
end
$$;
