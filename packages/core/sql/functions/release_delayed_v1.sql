-- Moves deliveries whose time has come to the outbox, in the order of their time, then of their ids; answers one row.
--
-- The caller remembers how far it is: deliveries up to (done_due, done_id) are moved if the snapshot `seen` shows them. So a look reads what
-- is beyond that pair, by index, and what was committed since that snapshot; never the dead rows behind, however long some
-- transaction keeps them from being vacuumed. A caller that knows nothing gives a pair before everything and no snapshot. An older memory is as
-- right as a newer one, since it is the delete that lets a delivery be moved once.
--
-- Where nothing is due nothing is written. Otherwise the lease's row is locked and its epoch compared in it. A delivery that a
-- transaction is about to cancel is not waited for: it is looked at again (is_held), and so is what is behind the pair that is answered.
-- The commit need not wait for the disk: what a crash forgets is still there, and the append that follows waits for both.
create function postlog.release_delayed_v1(
  in_lease_epoch bigint, in_due bigint, in_id bigint, in_seen pg_snapshot, max_deliveries integer, look_ahead_ms integer
) returns table (moved integer, is_fenced boolean, is_held boolean, done_due bigint, done_id bigint, seen text, next_in_ms bigint)
language plpgsql volatile
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  last_id constant bigint := 9223372036854775807;
  now_ms bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  late uuid[];
  due uuid[] := '{}';
  held record;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'release_delayed_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  moved := 0;
  is_fenced := false;
  is_held := false;
  -- The clock was set back: what was past is to come again, so the memory is worth nothing.
  if in_due > now_ms then
    in_due := -1;
    in_seen := null;
  end if;
  done_due := in_due;
  done_id := in_id;

  -- The snapshot is this statement's own, so all that it shows up to the pair is taken.
  select pg_current_snapshot()::text, array(
    select l.delivery_id
      from (select d.delivery_id, d.due_at, d.id from postlog.delayed d where d.xid >= pg_snapshot_xmax(in_seen)
            union all
            select d.delivery_id, d.due_at, d.id from postlog.delayed d where d.xid = any (array(select pg_snapshot_xip(in_seen)))) l
     where (l.due_at, l.id) <= (in_due, in_id)
     order by l.due_at, l.id
     limit max_deliveries)
    into seen, late;
  if cardinality(late) = max_deliveries then
    seen := in_seen::text;
  else
    due := array(
      select d.delivery_id
        from postlog.delayed d
       where (d.due_at, d.id) > (in_due, in_id) and d.due_at <= now_ms
       order by d.due_at, d.id
       limit max_deliveries - cardinality(late));
    if cardinality(late) + cardinality(due) < max_deliveries then
      done_due := now_ms;
      done_id := last_id;
    else
      -- Cancelled in this moment: then the pair stays, and the next look begins where this one did.
      select d.due_at, d.id into held from postlog.delayed d where d.delivery_id = due[cardinality(due)];
      if found then
        done_due := held.due_at;
        done_id := held.id;
      end if;
    end if;
  end if;

  if cardinality(late) + cardinality(due) > 0 then
    perform set_config('synchronous_commit', 'off', true);
    perform 1 from postlog.lease l where l.name = 'delayed-delivery' and l.lease_epoch = in_lease_epoch for no key update;
    if not found then
      is_fenced := true;
      return next;
      return;
    end if;
    with free as materialized (
      select d.delivery_id from postlog.delayed d where d.delivery_id = any (late || due) for update skip locked
    ), gone as (
      delete from postlog.delayed d using free f where d.delivery_id = f.delivery_id
      returning d.due_at, d.id, d.partition_ids, d.record_counts, d.max_batch_bytes, d.sizes, d.batches
    ), appended as (
      insert into postlog.outbox (partition_id, record_count, max_batch_bytes, batch)
      select b.partition_id, b.record_count, b.max_batch_bytes, substring(g.batches from b.ends - b.size + 1 for b.size)
        from gone g
       cross join lateral (
               select u.*, sum(u.size) over (order by u.place)::integer as ends
                 from unnest(g.partition_ids, g.record_counts, g.max_batch_bytes, g.sizes)
                      with ordinality u(partition_id, record_count, max_batch_bytes, size, place)) b
       order by g.due_at, g.id, b.place
    )
    select count(*)::integer from gone into moved;

    if moved < cardinality(late) + cardinality(due) then
      for held in select d.due_at, d.id from postlog.delayed d where d.delivery_id = any (late || due) loop
        is_held := true;
        if (held.due_at, held.id) <= (in_due, in_id) then
          seen := in_seen::text;
        elsif (held.due_at, held.id) <= (done_due, done_id) then
          done_due := held.due_at;
          done_id := held.id - 1;
        end if;
      end loop;
    end if;
  end if;

  now_ms := floor(extract(epoch from clock_timestamp()) * 1000);
  select d.due_at - now_ms
    from postlog.delayed d
   where (d.due_at, d.id) > (done_due, done_id) and d.due_at <= now_ms + look_ahead_ms
   order by d.due_at, d.id
   limit 1
    into next_in_ms;
  return next;
end
$$;
