-- Plans what the sequencer appends next: rows that the caller's snapshot shows and the last mark's does not, whole transactions by
-- their highest id, records by id.
--
-- The first row is the mark and the window, without an id (its last_id is 0 when no window is under way); then come at most max_rows rows, the first of them (up to max_bytes
-- together, at least one) with their batches. While a window is under way, only what it shows is planned, from where the mark stands.
-- The function is stable: the mark, the window and the rows are of one snapshot, the caller's.
create function postlog.read_outbox_v1(max_rows integer, max_bytes integer)
returns table (
  id bigint, slot integer, xid xid8, last_id bigint, partition_id integer, record_count integer, max_batch_bytes integer, size integer, batch bytea,
  mark bigint, sequenced text, window_snapshot text
)
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  m postlog.outbox_mark;
begin
  select o.* into m from postlog.outbox_mark o order by o.mark desc limit 1;
  last_id := m.done_transaction;
  mark := m.mark;
  sequenced := m.sequenced;
  window_snapshot := coalesce(m.window_snapshot, pg_current_snapshot());
  return next;

  return query
    with fresh as (
      select o.slot, o.id, o.xid, o.partition_id, o.record_count, o.max_batch_bytes, octet_length(o.batch) as size
        from postlog.outbox o
       where o.xid >= pg_snapshot_xmax(m.sequenced)
      union all
      select o.slot, o.id, o.xid, o.partition_id, o.record_count, o.max_batch_bytes, octet_length(o.batch)
        from postlog.outbox o
       where o.xid = any (array(select pg_snapshot_xip(m.sequenced)))
    ), ordered as (
      select f.*, max(f.id) over (partition by f.xid) as last_id
        from fresh f
       where m.window_snapshot is null or pg_visible_in_snapshot(f.xid, m.window_snapshot)
    ), planned as materialized (
      select p.*
        from ordered p
       where (p.last_id, p.id) > (m.done_transaction, m.done_id)
       order by p.last_id, p.id
       limit max_rows
    ), measured as (
      select p.*, sum(p.size) over (order by p.last_id, p.id) as bytes
        from planned p
    )
    select p.id, p.slot, p.xid, p.last_id, p.partition_id, p.record_count, p.max_batch_bytes, p.size, b.batch,
           null::bigint, null::text, null::text
      from measured p
      left join lateral (
        select o.batch
          from postlog.outbox o
         where o.slot = p.slot and o.xid = p.xid and o.id = p.id and (p.bytes <= max_bytes or p.bytes = p.size)
         limit 1) b on true
     order by p.last_id, p.id;
end
$$;
