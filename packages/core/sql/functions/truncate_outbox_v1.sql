-- Empties those slots of the outbox whose rows are all sequenced, and forgets old marks. Answers how many slots were emptied.
--
-- Writers use the slot of the clock and, for a moment, the one before; the others may be emptied. The lock is not waited for: a transaction
-- that is open still, or prepared, and wrote to a slot holds it. The look at the rows comes after the lock, under a snapshot taken then:
-- whatever was written before is seen by it, so nothing is lost that the mark does not show.
create function postlog.truncate_outbox_v1(in_lease_epoch bigint) returns integer
language plpgsql volatile
as $$
declare
  current_slot integer := extract(epoch from clock_timestamp())::bigint / 60 % 4;
  newest postlog.outbox_mark;
  is_needed boolean;
  emptied integer := 0;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'truncate_outbox_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  perform 1 from postlog.lease l where l.name = 'outbox-sequencer' and l.lease_epoch = in_lease_epoch for no key update;
  if not found then
    return 0;
  end if;
  select o.* into newest from postlog.outbox_mark o order by o.mark desc limit 1;
  delete from postlog.outbox_mark o where o.mark < newest.mark;
  for slot in 0 .. 3 loop
    continue when slot in (current_slot, (current_slot + 1) % 4, (current_slot + 3) % 4);
    continue when pg_relation_size(format('postlog.outbox_%s', slot)) = 0;
    execute format('lock table postlog.outbox_%s in access exclusive mode nowait', slot);
    execute format('select exists (select 1 from postlog.outbox_%s o where not pg_visible_in_snapshot(o.xid, $1))', slot)
      into is_needed using newest.sequenced;
    if not is_needed then
      execute format('truncate postlog.outbox_%s', slot);
      emptied := emptied + 1;
    end if;
  end loop;
  return emptied;
end
$$;
