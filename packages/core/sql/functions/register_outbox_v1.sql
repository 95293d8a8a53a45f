-- Answers where this database is, as publish.store.ts compares it. In a copy, by dump or as a template, the outbox begins anew.
--
-- Transaction ids of the original mean nothing there: rows that were not sequenced yet are stamped anew, in the order that they have, and
-- the mark begins again. Nobody publishes here before this was called, so the rows in question are all from before the copy. `for_cluster`: whose outbox the
-- caller takes it for, null for the broker's own that this database is; PL020 where it is an application of some other cluster.
create function postlog.register_outbox_v1(for_cluster text default null) returns text
language plpgsql volatile
as $$
declare
  here record;
  home postlog.outbox_home;
  newest postlog.outbox_mark;
begin
  select c.system_identifier, d.oid into here from pg_control_system() c, pg_database d where d.datname = current_database();
  select h.* into home from postlog.outbox_home h;
  if home.cluster_id <> coalesce(for_cluster, '') then
    raise exception 'the outbox of this database belongs to cluster %', home.cluster_id using errcode = 'PL020';
  end if;
  if home.system_identifier = here.system_identifier and home.database_oid = here.oid then
    return here.system_identifier || '/' || here.oid;
  end if;

  lock table postlog.outbox in access exclusive mode;
  select h.* into home from postlog.outbox_home h for update;
  if home.system_identifier = here.system_identifier and home.database_oid = here.oid then
    return here.system_identifier || '/' || here.oid;
  end if;
  select o.* into newest from postlog.outbox_mark o order by o.mark desc limit 1;
  with found as (
    delete from postlog.outbox returning *
  ), ordered as (
    select f.*, max(f.id) over (partition by f.xid) as last_id
      from found f
     where not pg_visible_in_snapshot(f.xid, newest.sequenced)
  )
  insert into postlog.outbox (partition_id, record_count, max_batch_bytes, batch)
  select t.partition_id, t.record_count, t.max_batch_bytes, t.batch
    from ordered t
   where newest.window_snapshot is null
      or not pg_visible_in_snapshot(t.xid, newest.window_snapshot)
      or (t.last_id, t.id) > (newest.done_transaction, newest.done_id)
   -- The window that was under way comes first, as it would have.
   order by newest.window_snapshot is not null and not pg_visible_in_snapshot(t.xid, newest.window_snapshot), t.last_id, t.id;
  -- Only this transaction has rows: it holds the table. So "everything before it" is what is sequenced.
  insert into postlog.outbox_mark (mark, sequenced)
  values (newest.mark + 1, format('%1$s:%1$s:', pg_current_xact_id())::pg_snapshot);
  -- Those of the original may be higher than any here for long; then each look would read them (release_delayed_v1).
  update postlog.delayed set xid = pg_current_xact_id();
  update postlog.outbox_home set system_identifier = here.system_identifier, database_oid = here.oid;
  return here.system_identifier || '/' || here.oid;
end
$$;
