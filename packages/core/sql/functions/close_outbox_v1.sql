-- Takes no more records from users' transactions: this broker becomes one of a cluster, where nobody would append them.
--
-- A constraint refuses them rather than a condition of the insert: it is in force for every statement that comes later, whatever snapshot its
-- transaction has. The lock waits for transactions that have written, a moment at most, and then sees all that they wrote. Raises, and changes
-- nothing, while a row is not in the log yet, or a delivery is still to come.
create function postlog.close_outbox_v1() returns void
language plpgsql volatile
as $$
begin
  perform set_config('lock_timeout', '1s', true);
  -- As release_delayed_v1 comes to them.
  lock table postlog.delayed in access exclusive mode;
  lock table postlog.outbox in access exclusive mode;
  if exists (select from postlog.delayed) then
    raise exception 'there are deliveries that are not due yet' using errcode = 'PL011';
  end if;
  if exists (
    select from postlog.outbox o
     where not pg_visible_in_snapshot(o.xid, (select m.sequenced from postlog.outbox_mark m order by m.mark desc limit 1))
  ) then
    raise exception 'the outbox has records that are not in the log yet' using errcode = 'PL005';
  end if;
  alter table postlog.delayed add constraint delayed_of_a_broker_alone check (false) not valid;
  alter table postlog.outbox add constraint outbox_of_a_broker_alone check (false) not valid;
end
$$;
